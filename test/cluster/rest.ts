import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';

/** What is still to be done, by its kind; each with up to ten examples. */
type Unfinished = { kind: string; count: number; examples: string[] };

const LOOK_AGAIN_MS = 1000;

const READ_UNFINISHED = `
  with unfinished as (
    select 'leads that owe events' as kind,
      lead_id || ' ' || from_seq || '-' || upto_seq || ' ' || coalesce(last_error, '') as example from outbox
    union all
    select 'statuses without a settlement', e.lead_id || ' event ' || e.seq
    from lead_events e
    where e.type = 'status' and not exists (
      select from settlements s where s.conversion_id = e.conversion_id and s.seq = e.seq
    )
    union all
    select 'postbacks ' || state, postback_id || ' of lead ' || lead_id from postbacks
    where state in ('scheduled', 'retrying')
    union all
    select 'files ' || state, import_id || ' after ' || done_rows || ' of ' || rows || ' rows' from imports
    where state in ('running', 'paused')
    union all
    select 'pulls', pull_id || ' since ' || started_at from pulls where result is null
    union all
    select 'attempts running', postback_id || ' attempt ' || attempt || ' since ' || started_at from postback_attempts
    where outcome = 'running'
  )
  select kind, count(*)::int as count, (array_agg(example))[1:10] as examples from unfinished group by kind order by kind`;

/** Waits until nothing is owed any more. @throws Error that says what still is after `timeoutMs` */
export async function waitForRest(db: Knex, timeoutMs: number, onLook: (text: string) => void): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const unfinished = await readUnfinished(db);
    if (unfinished.length === 0) return;
    onLook(unfinished.map(({ kind, count }) => `${count} ${kind}`).join(', '));
    if (Date.now() > deadline) throw new Error(describe(unfinished, timeoutMs));
    await delay(LOOK_AGAIN_MS);
  }
}

async function readUnfinished(db: Knex): Promise<Unfinished[]> {
  try {
    const { rows } = await db.raw<{ rows: Unfinished[] }>(READ_UNFINISHED);
    return rows;
  } catch (error) {
    return [{ kind: 'Postgres that cannot be asked', count: 1, examples: [String(error)] }];
  }
}

function describe(unfinished: Unfinished[], timeoutMs: number): string {
  const lines = unfinished.map(({ kind, count, examples }) => `${count} ${kind}:\n    ${examples.join('\n    ')}`);
  return `After ${Math.round(timeoutMs / 1000)} s this is still unfinished:\n  ${lines.join('\n  ')}`;
}
