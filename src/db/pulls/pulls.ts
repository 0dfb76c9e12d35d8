// Pulls as they were made: one row for each, whatever dies while it is under way.
import type { Knex } from 'knex';
import type { ColumnMapping } from '../../domain/imports/columns.ts';
import type { PullAnswer, PullFormat, PullProblem, PullResult } from '../../domain/pulls/pull.ts';
import type { Vocabulary } from '../../domain/vocabulary.ts';
import { newPullId } from '../../new-ids.ts';

/** A pull by the run of its workflow. */
export type PullRun = { advertiserId: string; runId: string };

/** What an attempt works with; none of it changes while it lasts. */
export type BegunPull = {
  pullId: string;
  advertiserId: string;
  attempt: number;
  url: string;
  format: PullFormat;
  sealedHeaders: string | null;
  mapping: ColumnMapping;
  notify: boolean;
  vocabulary: Vocabulary | null;
  /** Of the export that was imported last, unless something else is fetched since. */
  last: { sha256: string; etag: string | null; lastModified: string | null } | null;
  /** An import of an earlier pull that has not ended. */
  importUnderWay: string | null;
  /** Imports into which attempts, of this pull or one that was terminated, were receiving a file. */
  leftovers: string[];
};

/** How a pull ended. */
export type EndedPull = {
  pullId: string;
  result: PullResult;
  importId: string | null;
  bytes: number | null;
} & PullAnswer;

const ENDED_COLUMNS = `pull_id as "pullId", result, import_id as "importId", bytes, http_status as "httpStatus", problem, detail`;

// What another run left behind, such as one that was terminated, goes on no more.
const CLOSE_OTHERS = `
  update pulls set result = 'failed', problem = coalesce(problem, 'interrupted'), ended_at = now()
  where advertiser_id = :advertiserId and run_id <> :runId and result is null
  returning advertiser_id as "advertiserId"`;

const BEGIN_ATTEMPT = `
  insert into pulls as p (pull_id, advertiser_id, run_id, revised_at)
  select :pullId, s.advertiser_id, :runId, s.revised_at from pull_settings s where s.advertiser_id = :advertiserId
  on conflict (run_id) do update set attempts = p.attempts + 1, revised_at = excluded.revised_at where p.result is null
  returning p.pull_id as "pullId", p.attempts as attempt`;

const READ_WORK = `
  select s.advertiser_id as "advertiserId", s.url, s.format, s.headers_secret as "sealedHeaders", s.mapping, s.notify,
    a.vocabulary, (
      select json_build_object('sha256', p.sha256, 'etag', p.etag, 'lastModified', p.last_modified)
      from (
        select * from pulls where advertiser_id = s.advertiser_id and result = 'imported' order by pull_id desc limit 1
      ) p
      -- What was cancelled half-way is not there yet.
      join imports i on i.import_id = p.import_id and i.state <> 'cancelled'
      where p.revised_at = s.revised_at
    ) as last, (
      select i.import_id from imports i
      where i.advertiser_id = s.advertiser_id and i.source = 'pull' and i.state in ('running', 'paused')
      limit 1
    ) as "importUnderWay",
    array(
      select p.receiving_id from pulls p where p.advertiser_id = s.advertiser_id and p.receiving_id is not null
    ) as leftovers
  from pull_settings s join advertisers a using (advertiser_id)
  where s.advertiser_id = :advertiserId`;

/**
 * Begins an attempt of a pull. Its leftovers are there until {@link forgetLeftover}.
 * @returns how it ended, when it has; undefined when nothing is pulled from this advertiser any more
 */
export async function beginPull(db: Knex, run: PullRun): Promise<BegunPull | EndedPull | undefined> {
  return await db.transaction(async (trx) => {
    // Whoever ends an attempt locks this row first.
    await trx('pull_standings').where({ advertiser_id: run.advertiserId }).forUpdate();
    const ended = await readEndedPull(trx, run);
    if (ended) return ended;
    await closeOthers(trx, run);
    const { rows: begun } = await trx.raw<{ rows: Attempt[] }>(BEGIN_ATTEMPT, { ...run, pullId: newPullId() });
    if (!begun[0]) return undefined;
    type Work = Omit<BegunPull, keyof Attempt>;
    const { rows: work } = await trx.raw<{ rows: Work[] }>(READ_WORK, { advertiserId: run.advertiserId });
    return work[0] && { ...work[0], ...begun[0] };
  });
}

/** The standing is locked. Each of them counts as one that has failed. */
async function closeOthers(trx: Knex, run: PullRun): Promise<void> {
  const { rows } = await trx.raw<{ rows: { advertiserId: string }[] }>(CLOSE_OTHERS, run);
  for (const { advertiserId } of rows) await noteStanding(trx, advertiserId, 'failed');
}

/** @returns undefined while it is under way, or when there is none */
export async function readEndedPull(db: Knex, { runId }: Pick<PullRun, 'runId'>): Promise<EndedPull | undefined> {
  const { rows } = await db.raw<{ rows: EndedPull[] }>(
    `select ${ENDED_COLUMNS} from pulls where run_id = :runId and result is not null`,
    { runId },
  );
  return rows[0];
}

/** An attempt that goes on no more: another has begun, or its pull has ended. */
export class PullTakenOverError extends Error {
  override readonly name = 'PullTakenOverError';
}

type Attempt = Pick<BegunPull, 'pullId' | 'attempt'>;

/** Nothing is left of what was received into this import. */
export async function forgetLeftover(db: Knex, importId: string): Promise<void> {
  await db('pulls').where({ receiving_id: importId }).update({ receiving_id: null });
}

/** Notes that an attempt was left because its worker stops, so that it does not count as one. */
export async function noteLeft(db: Knex, { pullId, attempt }: Attempt): Promise<void> {
  await db('pulls').where({ pull_id: pullId, attempts: attempt, result: null }).increment('left_attempts', 1);
}

/** Notes into which import an attempt receives its file. @throws PullTakenOverError */
export async function noteReceiving(db: Knex, { pullId, attempt }: Attempt, importId: string): Promise<void> {
  const changed = await db('pulls')
    .where({ pull_id: pullId, attempts: attempt, result: null })
    .update({ receiving_id: importId });
  if (changed === 0) throw new PullTakenOverError(`Pull ${pullId} goes on elsewhere.`);
}

/** Notes what came of an attempt that brought nothing; the pull may go on with another. */
export async function noteAttempt(db: Knex, { pullId, attempt }: Attempt, answer: PullAnswer): Promise<void> {
  await db('pulls')
    .where({ pull_id: pullId, attempts: attempt, result: null })
    .update({ http_status: answer.httpStatus, problem: answer.problem, detail: answer.detail });
}

export type FetchedExport = {
  importId: string;
  bytes: number;
  sha256: string;
  httpStatus: number;
  etag: string | null;
  lastModified: string | null;
};

// What was fetched by settings that hold no more is left.
const END_IMPORTED = `
  update pulls p set result = 'imported', ended_at = now(), import_id = :importId, bytes = :bytes, sha256 = :sha256,
    http_status = :httpStatus, etag = :etag, last_modified = :lastModified, problem = null, detail = null,
    receiving_id = null
  from pull_settings s
  where p.pull_id = :pullId and p.attempts = :attempt and p.result is null and s.advertiser_id = p.advertiser_id
    and s.revised_at = p.revised_at
  returning p.advertiser_id as "advertiserId"`;

/**
 * Ends a pull with its file, in the transaction that makes the file count.
 * @returns false when its settings were changed, or another attempt goes on: then the file must not count
 */
export async function endWithImport(trx: Knex, { pullId, attempt }: Attempt, fetched: FetchedExport): Promise<boolean> {
  await lockStandingOf(trx, pullId);
  const { rows } = await trx.raw<{ rows: { advertiserId: string }[] }>(END_IMPORTED, { pullId, attempt, ...fetched });
  if (!rows[0]) return false;
  await noteStanding(trx, rows[0].advertiserId, 'imported');
  return true;
}

const END = `
  update pulls p set result = :result, ended_at = now(), http_status = :httpStatus, problem = :problem, detail = :detail,
    bytes = :bytes, sha256 = :sha256, receiving_id = null
  where p.pull_id = :pullId and p.result is null and (:attempt::int is null or p.attempts = :attempt)
  returning p.advertiser_id as "advertiserId"`;

export type PullEnd = {
  result: Exclude<PullResult, 'imported'>;
  bytes?: number | undefined;
  sha256?: string | undefined;
} & PullAnswer;

/** Ends a pull that brings nothing. @throws PullTakenOverError */
export async function endPull(db: Knex, attempt: Attempt, end: PullEnd): Promise<void> {
  if (!(await endOnce(db, attempt, end))) throw new PullTakenOverError(`Pull ${attempt.pullId} goes on elsewhere.`);
}

/** @returns false when it has ended, or the attempt goes on no more */
async function endOnce(
  db: Knex,
  { pullId, attempt }: { pullId: string; attempt: number | null },
  end: PullEnd,
): Promise<boolean> {
  const { result, httpStatus, problem, detail, bytes = null, sha256 = null } = end;
  return await db.transaction(async (trx) => {
    await lockStandingOf(trx, pullId);
    const values = { pullId, attempt, result, httpStatus, problem, detail, bytes, sha256 };
    const { rows } = await trx.raw<{ rows: { advertiserId: string }[] }>(END, values);
    if (rows[0]) await noteStanding(trx, rows[0].advertiserId, result);
    return rows[0] !== undefined;
  });
}

const ANSWER_COLUMNS = { pullId: 'pull_id', httpStatus: 'http_status', problem: 'problem', detail: 'detail' };

/** Ends a pull whose attempts are used up, by what came of the last, or of which nobody has heard. */
export async function endFailed(
  db: Knex,
  { runId }: Pick<PullRun, 'runId'>,
  why: Extract<PullProblem, 'cancelled' | 'interrupted'>,
): Promise<EndedPull | undefined> {
  const found = await db('pulls')
    .where({ run_id: runId, result: null })
    .first<({ pullId: string } & PullAnswer) | undefined>(ANSWER_COLUMNS);
  if (found) {
    const isTold = why !== 'cancelled' && found.problem !== null;
    const answer = isTold ? found : { httpStatus: null, problem: why, detail: null };
    await endOnce(db, { pullId: found.pullId, attempt: null }, { ...answer, result: 'failed' });
  }
  return await readEndedPull(db, { runId });
}

async function lockStandingOf(trx: Knex, pullId: string): Promise<void> {
  await trx.raw(
    `select 1 from pull_standings s join pulls p using (advertiser_id) where p.pull_id = :pullId for update of s`,
    { pullId },
  );
}

const STANDING = `
  update pull_standings set
    failing_since = case when :result = 'failed' then coalesce(failing_since, now()) end,
    failures = case when :result = 'failed' then failures + 1 else 0 end
  where advertiser_id = :advertiserId`;

// The last that was imported tells what is unchanged.
const DROP_OLD = `
  delete from pulls where advertiser_id = :advertiserId and result is not null and pull_id < (
    select pull_id from pulls where advertiser_id = :advertiserId order by pull_id desc offset :kept::int - 1 limit 1
  ) and pull_id <> coalesce((
    select max(pull_id) from pulls where advertiser_id = :advertiserId and result = 'imported'
  ), '')`;
const PULLS_KEPT = 1000;

/** Notes how pulls stand after this one, and drops what is too long ago to be looked at. */
async function noteStanding(trx: Knex, advertiserId: string, result: PullResult): Promise<void> {
  if (result !== 'skipped') await trx.raw(STANDING, { advertiserId, result });
  await trx.raw(DROP_OLD, { advertiserId, kept: PULLS_KEPT });
}
