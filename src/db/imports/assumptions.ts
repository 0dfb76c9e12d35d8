// A dry run writes no fact. What it would have made of conversions it notes beside them, and judges later rows of the
// same file by that, however long after; a conversion that the file has not named yet is judged by what it is now.
import type { Judged } from '../../domain/status-report.ts';
import type { Status } from '../../domain/status.ts';
import type { Asks } from '../pipelined.ts';
import { prepared } from '../prepared.ts';
import { conversionKey } from '../statuses/lock-conversions.ts';

const READ_JUDGED = `
  select c.conversion_id as "conversionId", coalesce(a.status, c.status) as status,
    floor(date_part('epoch', a.decided_at) * 1000) as "decidedMs",
    date_part('epoch', l.last_activity_at) * 1000 as "lastActivityMs",
    date_part('epoch', c.created_at) * 1000 as "convertedMs",
    date_part('epoch', clock_timestamp()) * 1000 as "nowMs"
  from unnest(:conversionIds::text[]) as r (conversion_id)
  join conversions c on c.conversion_id = r.conversion_id and c.advertiser_id = :advertiserId
  join leads l on l.lead_id = c.lead_id
  left join import_assumptions a on a.import_id = :importId and a.conversion_id = c.conversion_id`;

/** What reports are judged by, by `conversionKey`, and the time by the clock of Postgres. */
export type JudgedFacts = { conversions: Map<string, Judged>; nowMs: number };

/** What reports of an advertiser's conversions would be judged by. */
export async function readJudged(
  db: Asks,
  asked: { importId: string; advertiserId: string; conversionIds: string[] },
): Promise<JudgedFacts> {
  const { rows } = await db
    .raw<{ rows: (Judged & { conversionId: string; nowMs: number; decidedMs: number | null })[] }>(READ_JUDGED, asked)
    .options(prepared('read-judged-for-dry-run'));
  const conversions = new Map<string, Judged>(
    rows.map(({ conversionId, decidedMs, ...judged }) => [
      conversionKey(asked.advertiserId, conversionId),
      { ...judged, decidedMs: decidedMs ?? undefined },
    ]),
  );
  return { conversions, nowMs: rows[0]?.nowMs ?? 0 };
}

const ASSUME = `
  insert into import_assumptions (import_id, conversion_id, status, decided_at)
  select :importId, a.conversion_id, a.status, to_timestamp(a.decided_ms / 1000)
  from unnest(:conversionIds::text[], :statuses::text[], :decided::float8[]) as a (conversion_id, status, decided_ms)
  on conflict (import_id, conversion_id) do update set status = excluded.status, decided_at = excluded.decided_at`;

/** What a dry run would have made of a conversion, and the moment that its decision would be of. */
export type Assumed = { status: Status; decidedMs: number | null };

/** Notes what a dry run would have made of conversions. */
export async function assumeStatuses(
  db: Asks,
  { importId, assumed }: { importId: string; assumed: ReadonlyMap<string, Assumed> },
): Promise<void> {
  if (assumed.size === 0) return;
  const values = {
    importId,
    conversionIds: [...assumed.keys()],
    statuses: [...assumed.values()].map(({ status }) => status),
    decided: [...assumed.values()].map(({ decidedMs }) => decidedMs),
  };
  await db.raw(ASSUME, values).options(prepared('assume-statuses'));
}

const FORGET = `
  delete from import_assumptions where ctid = any (array(
    select ctid from import_assumptions where import_id = :importId limit :limit
  ))`;

/** Forgets some of what a dry run has assumed. @returns how many; none when all is forgotten */
export async function forgetAssumptions(db: Asks, asked: { importId: string; limit: number }): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(FORGET, asked).options(prepared('forget-assumptions'));
  return rowCount;
}
