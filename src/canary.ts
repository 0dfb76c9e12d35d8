import type { Knex } from 'knex';
import {
  claimCanaries,
  forgetEndpoint,
  recordCanary,
  type CanaryOutcome,
  type DueCanary,
} from './db/endpoints/canaries.ts';
import { originFor, type PostbackRequest } from './domain/postbacks/postback-settings.ts';
import type { Status } from './domain/status.ts';
import { UrlTemplateError } from './domain/url-template.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { buildTestRequest } from './outbound/test-call.ts';
import { repeatUntilStopped, type Repeating } from './repeat-until-stopped.ts';

export type CanaryDeps = {
  db: Knex;
  /** The guarded client; its calls are not counted among those of postbacks. */
  client: { send(request: PostbackRequest): Promise<CanaryOutcome> };
  /** So many failures in a row mean that an endpoint is failing. */
  failingAfter: number;
  /** Between two canaries to one endpoint. */
  canaryIntervalMs: number;
  metrics: Pick<Metrics, 'canaries'>;
  log: Log;
};

const MOST_AT_A_TIME = 20;
const LONGEST_PAUSE_MS = 15_000;
const LOOKS_PER_INTERVAL = 4;
// What does least harm if somebody counts it in spite of its marks; `approved` leads where money is told.
const PREFERRED: readonly Status[] = ['pending', 'approved', 'rejected'];

/**
 * Sends a marked test postback to failing endpoints whose partners have asked for that, so that their recovery is noticed
 * although nothing is due for them. What is due is sent as ever. Any number of processes may run one; they share the work.
 * Stopping waits for the calls under way.
 */
export function startCanary(deps: CanaryDeps): Repeating {
  const { canaryIntervalMs, log } = deps;
  return repeatUntilStopped({
    work: () => sendDue(deps),
    pauseMs: Math.min(LONGEST_PAUSE_MS, canaryIntervalMs / LOOKS_PER_INTERVAL),
    pause: 'before',
    onFailure: (err) => log.warn({ err }, 'Failing endpoints cannot be tried; the next look tries again.'),
  });
}

async function sendDue(deps: CanaryDeps): Promise<void> {
  const { db, failingAfter, canaryIntervalMs: intervalMs } = deps;
  const due = await claimCanaries(db, { failingAfter, intervalMs, limit: MOST_AT_A_TIME });
  await Promise.all(due.map((canary) => sendCanary(deps, canary)));
}

async function sendCanary({ db, client, metrics, log }: CanaryDeps, canary: DueCanary): Promise<void> {
  const { partnerId, origin } = canary;
  const status = statusFor(canary);
  // An attempt may still have been under way when the settings were changed.
  if (status === undefined) return await forgetEndpoint(db, canary);
  const outcome = await tryEndpoint(client, canary, status);
  await recordCanary(db, canary, outcome);
  metrics.canaries.inc({ result: outcome.delivered ? 'recovered' : 'failing' });
  if (outcome.delivered) log.info({ partnerId, origin }, 'The endpoint of a partner has recovered.');
}

async function tryEndpoint(
  client: CanaryDeps['client'],
  { partnerId, settings, secrets }: DueCanary,
  status: Status,
): Promise<CanaryOutcome> {
  try {
    return await client.send(buildTestRequest({ partnerId, settings, secrets, status, payoutMinor: 0 }));
  } catch (error) {
    // Settings that were saved before a rule was made.
    if (error instanceof UrlTemplateError) return { delivered: false, httpStatus: null, error: error.code };
    throw error;
  }
}

/** A status whose postbacks go to the endpoint that is failing. */
function statusFor({ settings, origin }: DueCanary): Status | undefined {
  return PREFERRED.find((status) => settings.statuses.includes(status) && originFor(settings, status) === origin);
}
