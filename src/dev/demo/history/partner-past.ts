import type { PostbackSettings } from '../../../domain/postbacks/postback-settings.ts';
import type { SendError } from '../../../domain/postbacks/send-error.ts';
import { DAY_MS, DAYS, HOUR_MS, MINUTE_MS, OUTAGE } from './plan-leads.ts';
import type { Random } from './random.ts';

/** What the partner's tracker answered, or why it did not. */
export type PastAnswer = {
  httpStatus: number | null;
  error: SendError | null;
  responseBody: string | null;
  durationMs: number;
};

const FIRST_HOURS_MS = 9 * HOUR_MS;
const TIMEOUT_MS = 10_000;

/** How the partner's own side was, some days back: no URL at first, then no pendings for a while; one outage, yesterday. */
export function createPartnerPast(now: number, settings: PostbackSettings) {
  const beganAt = now - DAYS * DAY_MS;
  const failedAt = now - OUTAGE.beganBeforeMs;
  return {
    settingsAt(at: number): PostbackSettings | null {
      if (at < beganAt + FIRST_HOURS_MS) return null;
      if (at < beganAt + DAY_MS) return { ...settings, statuses: ['approved', 'rejected'] };
      return settings;
    },
    answerAt(at: number, random: Random): PastAnswer {
      const quick = 18 + random.below(140);
      if (at >= failedAt && at < failedAt + OUTAGE.lastedMs) return failureAt(at - failedAt, quick);
      if (random.isIn(0.03)) return answer(204, '', quick);
      if (random.isIn(0.02)) return answer(200, 'success=false&error=SubID not found', quick);
      return answer(200, 'OK', quick);
    },
  };
}

/** First it hung, then a proxy before it said so. */
function failureAt(sinceMs: number, quick: number): PastAnswer {
  if (sinceMs < 35 * MINUTE_MS)
    return { httpStatus: null, error: 'timeout', responseBody: null, durationMs: TIMEOUT_MS };
  return answer(503, '<html><head><title>503 Service Temporarily Unavailable</title></head></html>', quick);
}

function answer(httpStatus: number, responseBody: string, durationMs: number): PastAnswer {
  return { httpStatus, error: null, responseBody, durationMs };
}
