import {
  urlTemplateFor,
  type Postback,
  type PostbackRequest,
  type PostbackSettings,
} from '../src/domain/postbacks/postback-settings.ts';
import { UrlTemplateError } from '../src/domain/url-template.ts';
import { buildSignedRequest } from '../src/outbound/sign-request.ts';
import type { AttemptOutcome } from '../workflows/contract.ts';

/** What an attempt sends; an error when the settings and the postback's values make no sendable request. */
export type AttemptRequest = PostbackRequest | UrlTemplateError;

/** @param secrets the partner's live signing secrets, the newest first; see src/db/keys/signing-secrets.ts */
export function requestOf(postback: Postback, settings: PostbackSettings, secrets: readonly string[]): AttemptRequest {
  try {
    return buildSignedRequest(settings, postback, { secrets, at: new Date() });
  } catch (error) {
    if (error instanceof UrlTemplateError) return error;
    throw error;
  }
}

/** What is written down of an attempt before its call; where nothing can be sent, the URL as the partner gave it. */
export function recordOf(request: AttemptRequest, settings: PostbackSettings, { status }: Postback) {
  if (!(request instanceof UrlTemplateError)) return request;
  return { method: settings.method, url: urlTemplateFor(settings, status), headers: null, body: null };
}

/** The outcome of an attempt that could not be sent. */
export function unsent({ code }: UrlTemplateError): AttemptOutcome {
  return { delivered: false, httpStatus: null, error: code, location: null, responseBody: null, durationMs: 0 };
}
