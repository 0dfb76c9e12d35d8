import { explainAnswer, type AttemptAnswer } from '../domain/postbacks/explain-answer.ts';
import { findHiddenRefusal } from '../domain/postbacks/hidden-refusal.ts';
import {
  urlTemplateFor,
  type Postback,
  type PostbackRequest,
  type PostbackSettings,
} from '../domain/postbacks/postback-settings.ts';
import { lintSettings } from '../domain/postbacks/settings-lint.ts';
import type { SettingsWarning } from '../domain/postbacks/settings-warning.ts';
import type { Status } from '../domain/status.ts';
import { UrlTemplateError } from '../domain/url-template.ts';
import { newPostbackId } from '../new-ids.ts';
import type { GuardedClient, SendOutcome } from './guarded-client.ts';
import { buildSignedRequest } from './sign-request.ts';

/** What is to be tried: settings that have passed the check, saved or not, with the partner's live signing secrets. */
export type TestCall = {
  settings: PostbackSettings;
  partnerId: string;
  status: Status;
  /** In place of a sample; a tracker may know only real ones. */
  refId?: string | undefined;
  /** In place of a sample, in minor units of USD; what is rejected pays nothing in any case. */
  payoutMinor?: number | undefined;
  secrets: readonly string[];
};

/** Whatever cannot be filled into the URL is told as an error, with the URL as it was given. */
export type Preview = { request: PostbackRequest; error: string | null; warnings: SettingsWarning[] };

export type TestResult = {
  request: PostbackRequest;
  /** Null when no status line came. */
  response: { http_status: number; location: string | null; body: string | null; duration_ms: number } | null;
  error: string | null;
  verdict: 'delivered' | 'refused';
  /** What it means and what to do, in a sentence or two; quotes the partner's server. */
  explanation: string;
  warnings: SettingsWarning[];
};

const TEST_HEADER = 'x-cashcat-test';

const MARK = 'test';
const SAMPLE = { refId: `${MARK}-click`, offerId: `${MARK}-offer`, payoutMinor: 1250, currency: 'USD' };

/**
 * A made-up postback that says it is one: its ids begin with `test`, so a receiver can tell it from a real one by GET and
 * POST alike. Each has new ids, because a tracker drops what it has had before.
 */
function buildTestPostback({
  partnerId,
  status,
  refId = SAMPLE.refId,
  payoutMinor = SAMPLE.payoutMinor,
}: Omit<TestCall, 'settings' | 'secrets'>): Postback {
  const id = newPostbackId();
  return {
    ...SAMPLE,
    status,
    refId,
    conversionId: `${MARK}-${id}`,
    postbackId: MARK + id.slice(MARK.length),
    payoutMinor: status === 'rejected' ? 0 : payoutMinor,
    partnerId,
    eventTime: new Date().toISOString(),
    reason: null,
  };
}

/** @throws UrlTemplateError when a value would change where the URL leads */
export function buildTestRequest(call: TestCall): PostbackRequest {
  const { settings, secrets } = call;
  const request = buildSignedRequest(settings, buildTestPostback(call), { secrets, at: new Date() });
  return { ...request, headers: { ...request.headers, [TEST_HEADER]: '1' } };
}

/** The bytes that a test would send; a real postback differs in its values, and has no header `x-cashcat-test`. */
export function previewCall(call: TestCall): Preview {
  const { settings, status, secrets } = call;
  const warnings = [...lintSettings(settings, { hasSecret: secrets.length > 0 }), ...warnOfSwitch(settings, status)];
  try {
    return { request: buildTestRequest(call), error: null, warnings };
  } catch (error) {
    if (!(error instanceof UrlTemplateError)) throw error;
    const request = { method: settings.method, url: urlTemplateFor(settings, status), headers: {}, body: null };
    return { request, error: error.code, warnings };
  }
}

/** Sends it now, by the client that sends all postbacks. Never rejects for anything that the other side does. */
export async function makeTestCall(client: Pick<GuardedClient, 'send'>, call: TestCall): Promise<TestResult> {
  const { request, error, warnings } = previewCall(call);
  const outcome = error === null ? await client.send(request) : unsent(error);
  const { httpStatus, location, responseBody, durationMs, delivered } = outcome;
  return {
    request,
    response:
      httpStatus === null ? null : { http_status: httpStatus, location, body: responseBody, duration_ms: durationMs },
    error: outcome.error,
    verdict: delivered ? 'delivered' : 'refused',
    explanation: explainAnswer(outcome),
    warnings: [...warnings, ...(delivered ? warnOfBody(outcome) : [])],
  };
}

function unsent(error: string): Omit<SendOutcome, 'error'> & { error: string } {
  return { delivered: false, httpStatus: null, error, location: null, responseBody: null, durationMs: 0 };
}

function warnOfSwitch({ statuses }: PostbackSettings, status: Status): SettingsWarning[] {
  if (statuses.includes(status)) return [];
  const message = `${status} is switched off: this test is sent, a real ${status} is not`;
  return [{ code: 'status_off', field: 'statuses', message }];
}

function warnOfBody(outcome: AttemptAnswer): SettingsWarning[] {
  if (findHiddenRefusal(outcome.responseBody) === null) return [];
  return [{ code: 'hidden_refusal', field: 'response.body', message: explainAnswer(outcome) }];
}
