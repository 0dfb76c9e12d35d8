import type { Knex } from 'knex';
import { overdueAfterMs, type PullProblem, type PullResult } from '../../domain/pulls/pull.ts';
import type { Page, PageQuery } from '../reports/pages.ts';

/** A pull as ops read it. Times are ISO 8601. */
export type Pull = {
  pull_id: string;
  advertiser_id: string;
  started_at: string;
  ended_at: string | null;
  attempts: number;
  /** Null while it is under way. */
  result: PullResult | null;
  http_status: number | null;
  problem: PullProblem | null;
  detail: string | null;
  bytes: number | null;
  import_id: string | null;
  /** How many of its rows about unknown conversions left no call, because there were too many. */
  unlogged: number;
};

const PULL_COLUMNS = [
  ...['pull_id', 'advertiser_id', 'started_at', 'ended_at', 'result', 'http_status', 'problem', 'detail'],
  ...['bytes', 'import_id'],
];
// Only those that came to something by themselves.
const ATTEMPTS = 'attempts - left_attempts as attempts';
const UNLOGGED = 'coalesce((select i.unlogged from imports i where i.import_id = pulls.import_id), 0) as unlogged';

/** Pulls of an advertiser, the newest first; the cursor of a page is the id of a pull. */
export async function listPulls(
  db: Knex,
  { advertiserId, limit, cursor }: PageQuery & { advertiserId: string },
): Promise<Page<Pull>> {
  const rows = await db('pulls')
    .where({ advertiser_id: advertiserId })
    .where((query) => void (cursor !== undefined && query.where('pull_id', '<', cursor)))
    .orderBy('pull_id', 'desc')
    .limit(limit + 1)
    .select<Pull[]>([...PULL_COLUMNS, db.raw(ATTEMPTS), db.raw(UNLOGGED)]);
  const page = rows.slice(0, limit);
  return { rows: page, next: rows.length > limit ? (page.at(-1)?.pull_id ?? null) : null };
}

/** How the pulls of an advertiser stand. */
export type PullStanding = {
  /** When somebody asked for a pull at once, until Temporal knows of it. */
  run_asked_at: string | null;
  /** When the first pull failed after the last that did not; null when the last did not. */
  failing_since: string | null;
  failures: number;
  /** No pull has begun for long although it should. */
  is_overdue: boolean;
  /** The import that pulls wait for: it is paused, or was still running when the last one was due. */
  waits_for_import_id: string | null;
};

type Row = Omit<PullStanding, 'is_overdue'> & {
  advertiser_id: string;
  every_minutes: number;
  state: 'active' | 'paused';
  last_at: string;
};

const READ_STANDINGS = `
  select s.advertiser_id, s.every_minutes, s.state, t.run_asked_at, t.failing_since, t.failures,
    greatest(s.updated_at, (
      select p.started_at from pulls p where p.advertiser_id = s.advertiser_id order by p.pull_id desc limit 1
    )) as last_at,
    (
      select i.import_id from imports i
      where i.advertiser_id = s.advertiser_id and i.source = 'pull' and i.state in ('running', 'paused')
        and (i.state = 'paused' or 'import_under_way' = (
          select p.problem from pulls p
          where p.advertiser_id = s.advertiser_id and p.result is not null order by p.pull_id desc limit 1
        ))
      limit 1
    ) as waits_for_import_id
  from pull_settings s join pull_standings t using (advertiser_id)`;

/** @returns undefined when nothing is pulled from this advertiser */
export async function readPullStanding(db: Knex, advertiserId: string): Promise<PullStanding | undefined> {
  const { rows } = await db.raw<{ rows: Row[] }>(`${READ_STANDINGS} where s.advertiser_id = :advertiserId`, {
    advertiserId,
  });
  return rows[0] && toStanding(rows[0]);
}

export type TroubledPulls = {
  failing: number;
  /** Those that should have begun long ago. */
  overdue: number;
  /** Those that are skipped because the import before them has not ended. */
  waiting: number;
  /** One of their advertisers; null when all is well. */
  first: string | null;
};

/** How many advertisers' pulls are in trouble. What is paused is nobody's trouble. */
export async function findTroubledPulls(db: Knex): Promise<TroubledPulls> {
  const { rows } = await db.raw<{ rows: Row[] }>(`${READ_STANDINGS} where s.state = 'active' order by s.advertiser_id`);
  const standings = rows.map((row) => ({ ...toStanding(row), advertiserId: row.advertiser_id }));
  const failing = standings.filter(({ failing_since }) => failing_since !== null);
  const overdue = standings.filter(({ is_overdue }) => is_overdue);
  const waiting = standings.filter(({ waits_for_import_id }) => waits_for_import_id !== null);
  const first = [...failing, ...overdue, ...waiting][0]?.advertiserId ?? null;
  return { failing: failing.length, overdue: overdue.length, waiting: waiting.length, first };
}

function toStanding({ every_minutes, state, last_at, ...row }: Row): PullStanding {
  const { run_asked_at, failing_since, failures, waits_for_import_id } = row;
  const isLate = Date.now() - Date.parse(last_at) > overdueAfterMs(every_minutes);
  const is_overdue = state === 'active' && isLate;
  return { run_asked_at, failing_since, failures, is_overdue, waits_for_import_id };
}
