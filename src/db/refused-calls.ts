import type { Knex } from 'knex';
import type { RefusalReason } from '../domain/origin-proofs.ts';

/** Calls of an hour that lacked one proof; `sample` is what the last of them looked like, as JSON. */
export type RefusedCallsRow = {
  hour: string;
  reason: RefusalReason;
  calls: number;
  last_at: string;
  sample: string;
};

export type RefusedCallCount = { advertiserId: string; reason: RefusalReason; calls: number; sample: string };

const COUNT_REFUSED = `
  insert into refused_calls as r (advertiser_id, hour, reason, calls, last_at, sample)
  select advertiser_id, date_trunc('hour', now(), 'UTC'), reason, calls, now(), sample
  from unnest(:advertiserIds::text[], :reasons::text[], :calls::bigint[], :samples::text[])
    as c (advertiser_id, reason, calls, sample)
  join advertisers using (advertiser_id)
  order by advertiser_id, reason
  on conflict (advertiser_id, hour, reason) do update
    set calls = r.calls + excluded.calls, last_at = excluded.last_at, sample = excluded.sample`;

/** Adds counts to those of this hour; at most one of each advertiser and reason. */
export async function countRefusedCalls(db: Knex, counts: readonly RefusedCallCount[]): Promise<void> {
  await db.raw(COUNT_REFUSED, {
    advertiserIds: counts.map(({ advertiserId }) => advertiserId),
    reasons: counts.map(({ reason }) => reason),
    calls: counts.map(({ calls }) => calls),
    samples: counts.map(({ sample }) => sample),
  });
}

/** The latest hours first. */
export async function listRefusedCalls(
  db: Knex,
  { advertiserId, limit }: { advertiserId: string; limit: number },
): Promise<RefusedCallsRow[]> {
  return await db('refused_calls')
    .where({ advertiser_id: advertiserId })
    .orderBy([{ column: 'hour', order: 'desc' }, 'reason'])
    .limit(limit)
    .select<RefusedCallsRow[]>('hour', 'reason', 'calls', 'last_at', 'sample');
}

export type FoundRefusedCalls = RefusedCallsRow & { advertiser_id: string };

// By advertiser, whose hours are in order.
const FIND_REFUSED = `
  select r.advertiser_id, r.hour, r.reason, r.calls, r.last_at, r.sample
  from advertisers a cross join lateral (
    select * from refused_calls r
    where r.advertiser_id = a.advertiser_id and r.hour > :from::timestamptz - interval '1 hour'
      and r.hour < :to::timestamptz
    order by r.hour desc, r.reason limit :limit
  ) r
  where :advertiserId::text is null or a.advertiser_id = :advertiserId
  order by r.hour desc, r.advertiser_id, r.reason limit :limit`;

/** Of one advertiser's name or of all, the latest hours first. @param asked `from` and `to` are of the hours, ISO 8601 */
export async function findRefusedCalls(
  db: Knex,
  { advertiserId, from, to, limit }: { advertiserId?: string; from?: string; to?: string; limit: number },
): Promise<FoundRefusedCalls[]> {
  const { rows } = await db.raw<{ rows: FoundRefusedCalls[] }>(FIND_REFUSED, {
    ...{ advertiserId: advertiserId ?? null, from: from ?? '-infinity', to: to ?? 'infinity', limit },
  });
  return rows;
}

/** Calls of one advertiser's name that lacked a proof lately. */
export type RefusedLately = { advertiser_id: string; calls: number; last_at: string };

const REFUSED_LATELY = `
  select a.advertiser_id, r.calls, r.last_at
  from advertisers a cross join lateral (
    select sum(calls)::bigint as calls, max(last_at) as last_at from refused_calls r
    where r.advertiser_id = a.advertiser_id and r.hour > now() - :hours * interval '1 hour'
  ) r
  where r.calls is not null
  order by r.calls desc, a.advertiser_id limit :limit`;

/** In whose names calls without a proof came most in the last hours. */
export async function listRefusedLately(db: Knex, asked: { hours: number; limit: number }): Promise<RefusedLately[]> {
  const { rows } = await db.raw<{ rows: RefusedLately[] }>(REFUSED_LATELY, asked);
  return rows;
}
