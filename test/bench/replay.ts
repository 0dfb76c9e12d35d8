// A replay of 20,000 failed postbacks to an endpoint on this machine, while leads have their own postbacks.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Knex } from 'knex';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createReplay, readReplay, type Replay } from '../../src/db/replays/replays.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { startPartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { startProcess } from '../support/program.ts';
import '../support/temporal/quiet-sdk.ts';
import { startPrivatePostgres, startPrivateTemporal, stopAtEnd, stopTestServers } from '../support/servers.ts';
import { describeMachine, endWith, judgeLargest, median, quantile } from './figures.ts';

const POSTBACKS = 20_000;
// A program that lives for days is warm.
const WARM_UP_POSTBACKS = 20_000;
const ROUNDS = 3;
const AT_ONCE = 128;
const AT_LEAST_PER_SECOND = 2_900;
const LEADS_PER_SECOND = 5;
const MAX_LATENCY_MS = 1_000;
const TICKS_PER_SECOND = 100;
const HOUR_MS = 60 * 60 * 1000;

const [postgres, temporal, endpoint] = await Promise.all([
  startPrivatePostgres(),
  startPrivateTemporal(),
  startEndpoint(),
]);
const db = connectDb({ url: postgres.url, poolSize: 4, statementTimeoutMs: 60_000 });
await migrate(db);
const network = await createNetwork({ db, url: postgres.url });
const program = await startProcess({
  roles: ['api', 'relay', 'worker'],
  databaseUrl: postgres.url,
  temporalAddress: temporal.address,
});

console.log(`${describeMachine()}; ${ROUNDS} replays of ${POSTBACKS} postbacks, everything on this machine`);
await replayOnce(await partnerWithFailed(WARM_UP_POSTBACKS), WARM_UP_POSTBACKS);
const rates: number[] = [];
const latencies: number[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  const bare = await sendBarely();
  const partnerId = await partnerWithFailed(POSTBACKS);
  const meanwhile = startLeads();
  const before = { program: cpuSecondsOf(program.pid), postgres: cpuSecondsOf(postgres.pid) };
  const rate = await replayOnce(partnerId, POSTBACKS);
  const usOf = (name: keyof typeof before, pid: number) =>
    (((cpuSecondsOf(pid) - before[name]) / POSTBACKS) * 1e6).toFixed(0);
  const cpu = `CPU per postback: program ${usOf('program', program.pid)} µs, Postgres ${usOf('postgres', postgres.pid)} µs`;
  latencies.push(...(await meanwhile.stop()));
  rates.push(rate);
  console.log(`round ${round}: ${rate.toFixed(0)}/s; a bare script ${bare.toFixed(0)}/s, nothing stored; ${cpu}`);
}
const { rows } = await db.raw<{ rows: [{ delivered: number; attempts: number }] }>(
  `select (select count(*) from postbacks where state = 'delivered' and conversion_id like 'bench%') as delivered,
          (select count(*) from postback_attempts where kind = 'redelivery' and outcome = 'delivered') as attempts`,
);
const expected = WARM_UP_POSTBACKS + ROUNDS * POSTBACKS;
const { delivered, attempts } = rows[0];
const isComplete = delivered === expected && attempts === expected;

await program.stop();
endpoint.stop();
await network.close();
await stopTestServers();
endWith([
  {
    line: `replayed per second: ${median(rates).toFixed(0)} (${rates.map((rate) => rate.toFixed(0)).join(', ')}; at least ${AT_LEAST_PER_SECOND})`,
    holds: median(rates) >= AT_LEAST_PER_SECOND,
  },
  judgeLargest(`leads’ own postbacks meanwhile, p99 of ${latencies.length}`, [quantile(latencies, 0.99)], {
    atMost: MAX_LATENCY_MS,
    unit: 'ms',
  }),
  {
    line: `postbacks ${expected}, delivered ${delivered}, attempts ${attempts}: ${isComplete ? 'each once' : 'WRONG'}`,
    holds: isComplete,
  },
]);

/** @returns postbacks per second, from the request to the end */
async function replayOnce(partnerId: string, count: number): Promise<number> {
  const [from, to] = [-HOUR_MS, HOUR_MS].map((ms) => new Date(Date.now() + ms).toISOString()) as [string, string];
  const { replay_id: replayId } = await createReplay(db, { partnerId, from, to });
  for (;;) {
    await delay(200);
    const replay = (await readReplay(db, { partnerId, replayId })) as Replay;
    if (replay.ended_at === null) continue;
    if (replay.delivered !== count) throw new Error(`Of ${count} postbacks ${replay.delivered} were delivered.`);
    return count / ((Date.parse(replay.ended_at) - Date.parse(replay.started_at)) / 1000);
  }
}

async function partnerWithFailed(count: number): Promise<string> {
  const partnerId = await network.partner(settingsFor(`${endpoint.origin}/?c={conversion_id}&s={status}`));
  await insertFailed(db, partnerId, count);
  return partnerId;
}

/** As three attempts of each have left them. Half of the conversions have two of them. */
async function insertFailed(into: Knex, partnerId: string, count: number): Promise<void> {
  await into.raw(
    `insert into postbacks (postback_id, conversion_id, seq, lead_id, partner_id, offer_id, ref_id, status, payout,
                            currency, event_at, state, ended_at, created_at)
     select md5(:partnerId || n), 'bench' || md5(:partnerId || n * 2 / 3), n, 'lead' || n * 2 / 3, :partnerId::text,
       'card', 'click-' || n, (array['pending', 'approved', 'rejected'])[1 + n % 3], 1250, 'USD', now(), 'failed', now(),
       now() - interval '30 minutes' + n * interval '10 ms'
     from generate_series(1, :count::int) n`,
    { partnerId, count },
  );
  await into.raw(
    `insert into postback_attempts (postback_id, attempt, method, url, outcome, http_status, ended_at)
     select postback_id, attempt, 'GET', 'http://127.0.0.1/', 'refused', 500, now()
     from postbacks, generate_series(1, 3) attempt where partner_id = :partnerId`,
    { partnerId },
  );
  await into.raw('vacuum analyze postbacks, postback_attempts');
}

async function startEndpoint() {
  const script = fileURLToPath(new URL('echo-endpoint.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import=tsx', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  stopAtEnd(child.pid as number, 'SIGKILL');
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { origin: `http://127.0.0.1:${port}`, stop: () => void child.kill() };
}

/** @returns calls per second */
async function sendBarely(): Promise<number> {
  const script = fileURLToPath(new URL('bare-sender.ts', import.meta.url));
  const args = ['--import=tsx', script, endpoint.origin, String(POSTBACKS), String(AT_ONCE)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

/** Leads come and are approved, steadily. @returns milliseconds from each approval to its postback, once it is stopped */
function startLeads() {
  const done = new AbortController();
  const running = run();
  return {
    async stop() {
      done.abort();
      return await running;
    },
  };

  async function run(): Promise<number[]> {
    const heard = new Map<string, (at: number) => void>();
    const tracker = await startPartnerServer({ onCall: ({ query, at }) => heard.get(query['cid'] ?? '')?.(at) });
    const partnerId = await network.partner(settingsFor(`${tracker.origin}/?cid={conversion_id}`));
    const latenciesMs: Promise<number>[] = [];
    while (!done.signal.aborted) {
      const { conversionId } = await network.aLead(partnerId);
      const heardAt = new Promise<number>((resolve) => heard.set(conversionId, resolve));
      await network.report(conversionId, 'approved');
      const reportedAt = performance.now();
      latenciesMs.push(heardAt.then((at) => at - reportedAt));
      await delay(1000 / LEADS_PER_SECOND);
    }
    const all = await Promise.all(latenciesMs);
    await tracker.stop();
    return all;
  }
}

/** What a process and all that it has started have used so far. */
function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid);
  const own = (Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(statOf(Number(name))[1]) === pid);
  return own + children.reduce((sum, child) => sum + cpuSecondsOf(Number(child)), 0);
}

/** The fields after the program's name, which may hold blanks; none for a process that has just ended. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
