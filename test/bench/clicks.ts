// Durable clicks per second against a bare Express app on the same machine in the same run.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { inParallel } from '../support/in-parallel.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { startProcess } from '../support/program.ts';
import { startPrivatePostgres, stopTestServers } from '../support/servers.ts';
import { describeMachine, endWith, judgeLargest, judgeRatio, median, quantile, type Verdict } from './figures.ts';
import { runLoad, type LoadResult } from './load.ts';

const ROUNDS = 5;
const ROUND_SECONDS = 5;
const WARM_UP_SECONDS = 4;
const CONNECTIONS = 64;
const REFERENCE = 'bare Express redirect';
const DIRECT_LINK = 'durable direct link';
const OFFER_WALL = 'durable offer wall';
const KNOWN_VISITORS = 'known visitors';
// So many that two clicks of one visitor seldom meet, few enough to come again and again.
const VISITORS = 10_000;
const MAX_MEMORY_MIB = 300;

// fsync and synchronous_commit stay on: an answered click is on disk.
const postgres = await startPrivatePostgres();
const db = connectDb({ url: postgres.url, poolSize: 2, statementTimeoutMs: 60_000 });
await migrate(db);
const network = await createNetwork({ db, url: postgres.url });
const wall = `/${await network.partner()}/?ref_id=click-1`;
const directLink = `${wall}&offer_id=${network.offerId}`;
const api = await startProcess({ roles: ['api'], databaseUrl: postgres.url });
const bare = fork(fileURLToPath(new URL('./bare-express.ts', import.meta.url)), { execArgv: ['--import=tsx'] });
const [bareOrigin] = (await once(bare, 'message')) as [string];

const cookies = await cookiesOfNewVisitors();

const sides = {
  [REFERENCE]: { origin: bareOrigin, path: directLink, expectedStatus: 302 },
  [DIRECT_LINK]: { origin: api.publicUrl, path: directLink, expectedStatus: 302 },
  [OFFER_WALL]: { origin: api.publicUrl, path: wall, expectedStatus: 200 },
  [KNOWN_VISITORS]: { origin: api.publicUrl, path: directLink, expectedStatus: 302, cookies },
};
type Side = keyof typeof sides;
const names = Object.keys(sides) as Side[];
const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, LoadResult[]>;
const memoryMiB: number[] = [];
// The rounds that are not measured count as well: all of it must be stored.
const answered: Record<Side, number> = {
  [REFERENCE]: 0,
  [DIRECT_LINK]: 0,
  [OFFER_WALL]: 0,
  [KNOWN_VISITORS]: VISITORS,
};

console.log(
  `${describeMachine()}; ${CONNECTIONS} connections, ${ROUNDS} rounds of ${ROUND_SECONDS} s, Postgres on the same machine`,
);
for (let round = 0; round <= ROUNDS; round++) {
  for (const name of names) {
    const seconds = round === 0 ? WARM_UP_SECONDS : ROUND_SECONDS;
    const result = await runLoad({ ...sides[name], connections: CONNECTIONS, seconds });
    answered[name] += result.answered;
    if (result.failed > 0) throw new Error(`${name}: ${result.failed} requests got another answer than expected.`);
    if (round > 0) results[name].push(result);
  }
  memoryMiB.push(residentMiB(api.pid));
}

for (const name of names) {
  const latencies = results[name].flatMap((result) => result.latenciesMs);
  const rates = results[name].map((result) => Math.round(result.perSecond));
  console.log(
    `${name.padEnd(22)} ${Math.round(median(rates))}/s (${rates.join(', ')}), ` +
      `p50 ${quantile(latencies, 0.5).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms`,
  );
}

const { rows } = await db.raw<{ rows: { touches: number; conversions: number }[] }>(
  `select (select count(*) from lead_events where type = 'touch') as touches,
          (select count(*) from conversions) as conversions`,
);
const { touches = 0, conversions = 0 } = rows[0] ?? {};
const answeredLinks = answered[DIRECT_LINK] + answered[KNOWN_VISITORS];

bare.kill();
await api.stop();
await network.close();
await stopTestServers();
endWith([
  judgeRates(DIRECT_LINK, 1.5),
  judgeRates(OFFER_WALL, 1),
  judgeRates(KNOWN_VISITORS, 1),
  judgeLargest('memory of the api after each round', memoryMiB, { atMost: MAX_MEMORY_MIB, unit: 'MiB' }),
  judgeStored('touches of all clicks', answeredLinks + answered[OFFER_WALL], touches),
  judgeStored('conversions of direct links', answeredLinks, conversions),
]);

/** The cookies of visitors who have come by the direct link once. */
async function cookiesOfNewVisitors(): Promise<string[]> {
  const http = new Agent({ connections: CONNECTIONS });
  const visitors = Array.from({ length: VISITORS }, () => undefined);
  const cookies = await inParallel(visitors, CONNECTIONS, async () => {
    const { headers, body } = await request(api.publicUrl + directLink, { dispatcher: http });
    await body.dump();
    return String(headers['set-cookie']).split(';', 1)[0] ?? '';
  });
  await http.close();
  return cookies;
}

/** Round by round, because what else the machine does changes from round to round. */
function judgeRates(name: Side, atLeast: number): Verdict {
  const ratios = results[name].map(({ perSecond }, round) => perSecond / (results[REFERENCE][round]?.perSecond ?? NaN));
  return judgeRatio(`${name} / ${REFERENCE}`, ratios, atLeast);
}

function judgeStored(what: string, owed: number, stored: number): Verdict {
  const holds = stored >= owed;
  return {
    line: `${what}: answered ${owed}, stored ${stored}: ${holds ? 'none lost' : `${owed - stored} LOST`}`,
    holds,
  };
}

function residentMiB(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
