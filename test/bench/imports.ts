// A file of ROWS statuses (a million when nothing is said): tried in a dry run, and APPLIED_ROWS of it (100,000) applied
// without postbacks, beside a relay as always. Of each it says how fast its first and its last tenth went.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { readImport, type Import } from '../../src/db/imports/imports.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { ADMIN_API_KEY, startProcess } from '../support/program.ts';
import '../support/temporal/quiet-sdk.ts';
import { startPrivatePostgres, startPrivateTemporal, stopTestServers } from '../support/servers.ts';
import { describeMachine, endWith, judgeLargest } from './figures.ts';

const ROWS = Number(process.env.ROWS ?? 1_000_000);
const APPLIED_ROWS = Math.min(ROWS, Number(process.env.APPLIED_ROWS ?? 100_000));
const SEEDED_AT_ONCE = 50_000;
const DRY_RUN_PER_SECOND = 20_000;
const APPLIED_PER_SECOND = 5_000;
const MAX_MB = 300;

const [postgres, temporal] = await Promise.all([startPrivatePostgres(), startPrivateTemporal()]);
const db = connectDb({ url: postgres.url, poolSize: 4, statementTimeoutMs: 120_000 });
await migrate(db);
const network = await createNetwork({ db, url: postgres.url });
const servers = { databaseUrl: postgres.url, temporalAddress: temporal.address };
// Otherwise the heap grows as far as the machine has memory to spare.
const env = { NODE_OPTIONS: '--max-old-space-size=128 --max-semi-space-size=8' };
const [api, worker, relay] = await Promise.all([
  startProcess({ roles: ['api'], ...servers, env }),
  startProcess({ roles: ['worker'], ...servers, env }),
  startProcess({ roles: ['relay'], ...servers }),
]);
console.log(`${describeMachine()}; ${ROWS} rows tried, ${APPLIED_ROWS} applied, everything on this machine`);
await seed();

const dry = await importRows(ROWS, 'dry_run=true');
const applied = await importRows(APPLIED_ROWS, 'notify=false');
const memory = [api, worker].map(({ pid }) => mostMemoryMb(pid));
const { rows: booked } = await db.raw<{ rows: [{ calls: number; events: number }] }>(
  `select (select count(*) from status_calls where result = 'recorded') as calls,
          (select count(*) from lead_events where type = 'status' and not notify) as events`,
);
const isComplete = booked[0].calls === APPLIED_ROWS && booked[0].events === APPLIED_ROWS;

// It would tell Temporal of all of them first.
await Promise.all([api, worker, relay].map((each) => each.kill('SIGKILL')));
await network.close();
await stopTestServers();
endWith([
  judgeRate('dry run, rows per second', dry, DRY_RUN_PER_SECOND),
  judgeRate('applied without postbacks, rows per second', applied, APPLIED_PER_SECOND),
  judgeLargest(`memory of the api that took ${ROWS} rows, and of the worker`, memory, {
    atMost: MAX_MB,
    unit: 'MB',
  }),
  { line: `rows ${APPLIED_ROWS}: ${isComplete ? 'each booked once' : 'WRONG'}`, holds: isComplete },
]);

type Rates = { whole: number; first: number; last: number };

function judgeRate(what: string, { whole, first, last }: Rates, atLeast: number) {
  const [all, begin, end] = [whole, first, last].map((rate) => rate.toFixed(0));
  return { line: `${what}: ${all} (at least ${atLeast}); at first ${begin}, at last ${end}`, holds: whole >= atLeast };
}

/** @returns rows per second, from the answer to the upload to the end */
async function importRows(rows: number, options: string): Promise<Rates> {
  const began = performance.now();
  const id = await upload(rows, options);
  console.log(`${rows} rows sent and stored in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  const seen: Seen[] = [];
  for (;;) {
    const found = (await readImport(db, { importId: id })) as Import;
    seen.push({ at: performance.now(), done: found.done_rows });
    if (found.ended_at === null) {
      await delay(200);
      continue;
    }
    if (found.recorded !== rows) throw new Error(`Of ${rows} rows ${found.recorded} were recorded.`);
    const seconds = (Date.parse(found.ended_at) - Date.parse(found.started_at)) / 1000;
    return { whole: rows / seconds, first: rateOf(seen, [0, rows / 10]), last: rateOf(seen, [0.9 * rows, rows]) };
  }
}

type Seen = { at: number; done: number };

/** Rows per second between two numbers of rows. */
function rateOf(seen: Seen[], [from, upto]: [number, number]): number {
  const begin = seen.findLast(({ done }) => done <= from) ?? seen[0];
  const end = seen.find(({ done }) => done >= upto) ?? seen.at(-1);
  if (!begin || !end) return NaN;
  return (end.done - begin.done) / ((end.at - begin.at) / 1000);
}

async function upload(rows: number, options: string): Promise<string> {
  const url = `${api.opsUrl}/v1/admin/imports?advertiser_id=${network.advertiserId}&${options}`;
  const headers = { authorization: `Bearer ${ADMIN_API_KEY}`, 'content-type': 'text/csv' };
  const call = request(url, { method: 'POST', headers });
  const answered = new Promise<string>((resolve, reject) => {
    call.on('error', reject).on('response', (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      res.on('end', () => (res.statusCode === 202 ? resolve(text) : reject(new Error(text))));
    });
  });
  await pipeline(Readable.from(csv(rows)), call);
  return (JSON.parse(await answered) as { import_id: string }).import_id;
}

function* csv(rows: number): Generator<string> {
  yield 'conversion_id,status,transaction_id,reason\n';
  for (let from = 1; from <= rows; from += 1000) {
    const last = Math.min(rows, from + 999);
    let text = '';
    for (let n = from; n <= last; n++) text += `bench-conversion-${n},approved,order-${n},"paid, in full"\n`;
    yield text;
  }
}

/** Leads with one conversion each, as a click leaves them. */
async function seed(): Promise<void> {
  const { advertiserId, offerId } = network;
  for (let from = 1; from <= ROWS; from += SEEDED_AT_ONCE) {
    const values = { from, to: Math.min(ROWS, from + SEEDED_AT_ONCE - 1), advertiserId, offerId };
    await db.raw(
      `with leads_made as (
         insert into leads (lead_id, last_seq, last_activity_at)
         select 'bench-lead-' || n, 1, now() from generate_series(:from::int, :to::int) n
       ), events as (
         insert into lead_events (lead_id, seq, type, conversion_id, offer_id, advertiser_id)
         select 'bench-lead-' || n, 1, 'conversion', 'bench-conversion-' || n, :offerId, :advertiserId
         from generate_series(:from::int, :to::int) n
       )
       insert into conversions (conversion_id, lead_id, seq, offer_id, advertiser_id)
       select 'bench-conversion-' || n, 'bench-lead-' || n, 1, :offerId, :advertiserId
       from generate_series(:from::int, :to::int) n`,
      values,
    );
  }
  // As rows are that have been there for a day: otherwise Postgres does so while imports are measured.
  await db.raw('vacuum (analyze)');
}

/** In megabytes, the most that it has had in memory so far. */
function mostMemoryMb(pid: number): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round((Number(kib) * 1024) / 1_000_000);
}
