import type { Knex } from 'knex';
import type { PostbackSettings } from '../../domain/postbacks/postback-settings.ts';
import { LIVE_SECRETS } from '../keys/signing-secrets.ts';

/** A failing endpoint that is to be tried: one of the partner's origins. */
export type DueCanary = { partnerId: string; origin: string; settings: PostbackSettings; secrets: string[] };

type EndpointKey = Pick<DueCanary, 'partnerId' | 'origin'>;

export type CanaryOutcome = { delivered: boolean; httpStatus: number | null; error: string | null };

// A call takes 10 s at most; by then its process has died. One that has none yet has no canary_at either.
const IS_OVER = `coalesce(e.canary_at, '-infinity') < now() - interval '15 seconds'`;

// An attempt that has just failed has told as much as a canary would.
const CLAIM_CANARIES = `
  with due as materialized (
    select e.partner_id, e.origin from partner_endpoints e join partners p using (partner_id)
    where e.consecutive_failures >= :failingAfter::int and p.state = 'active' and p.postback @> '{"canary": true}'
      and greatest(e.canary_at, e.last_failure_at) < now() - :intervalMs * interval '1 millisecond'
      and (coalesce(e.canary_http_status::text, e.canary_error) is not null or ${IS_OVER})
    order by e.canary_at nulls first, e.partner_id, e.origin limit :limit
    for update of e skip locked
  ), noted as (
    update partner_endpoints e set canary_at = now(), canary_http_status = null, canary_error = null
    from due where e.partner_id = due.partner_id and e.origin = due.origin
  )
  select p.partner_id as "partnerId", due.origin, p.postback as settings, ${LIVE_SECRETS} as secrets
  from due join partners p using (partner_id)`;

/**
 * Takes failing endpoints whose partners have asked for canaries and whose last one, or last failed attempt, is longer ago
 * than the interval. Each is taken by one process; should that die, the next interval brings another canary.
 */
export async function claimCanaries(
  db: Knex,
  asked: { failingAfter: number; intervalMs: number; limit: number },
): Promise<DueCanary[]> {
  const { rows } = await db.raw<{ rows: DueCanary[] }>(CLAIM_CANARIES, asked);
  return rows;
}

/** Notes what came of a canary: a success means that the endpoint has recovered, a failure is one more in the row. */
export async function recordCanary(
  db: Knex,
  { partnerId, origin }: EndpointKey,
  outcome: CanaryOutcome,
): Promise<void> {
  const { delivered, httpStatus, error } = outcome;
  const health = delivered
    ? { consecutive_failures: 0, failing_since: null, recovered_at: db.fn.now(), last_success_at: db.fn.now() }
    : { consecutive_failures: db.raw('consecutive_failures + 1'), last_failure_at: db.fn.now() };
  await db('partner_endpoints')
    .where({ partner_id: partnerId, origin })
    .update({ ...health, canary_http_status: httpStatus, canary_error: error });
}

/** Forgets how an endpoint answers that the partner's settings name no more. */
export async function forgetEndpoint(db: Knex, { partnerId, origin }: EndpointKey): Promise<void> {
  await db('partner_endpoints').where({ partner_id: partnerId, origin }).delete();
}
