// Durable clicks per second against a bare Express app on the same machine in the same run.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createAdvertiser } from '../../src/db/advertisers.ts';
import { createOffer } from '../../src/db/offers.ts';
import { createPartner } from '../../src/db/partners.ts';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { startProcess } from '../support/program.ts';
import { startPrivatePostgres, stopTestServers } from '../support/servers.ts';
import { describeMachine, describeRatio, median, quantile } from './figures.ts';
import { runLoad, type LoadResult } from './load.ts';

const ROUNDS = 5;
const ROUND_SECONDS = 5;
const WARM_UP_SECONDS = 4;
const CONNECTIONS = 64;
const REFERENCE = 'bare Express redirect';

// fsync and synchronous_commit stay on: an answered click is on disk.
const postgres = await startPrivatePostgres();
const db = connectDb({ url: postgres.url, poolSize: 2, statementTimeoutMs: 60_000 });
await migrate(db);
await createPartner(db, { name: 'Partner', partner_id: 'benchpartner' });
await createAdvertiser(db, { name: 'Bank', advertiser_id: 'bank' });
await createOffer(db, {
  offer_id: 'card',
  advertiser_id: 'bank',
  name: 'Card',
  url: 'https://advertiser.example/landing?click_id={conversion_id}',
  reward: { amount: 1250, currency: 'USD' },
});
const api = await startProcess({ roles: ['api'], databaseUrl: postgres.url });
const bare = fork(fileURLToPath(new URL('./bare-express.ts', import.meta.url)), { execArgv: ['--import=tsx'] });
const [bareOrigin] = (await once(bare, 'message')) as [string];

const sides = {
  [REFERENCE]: {
    origin: bareOrigin,
    path: '/benchpartner/?ref_id=click-1&offer_id=card',
    expectedStatus: 302,
  },
  'durable direct link': {
    origin: api.publicUrl,
    path: '/benchpartner/?ref_id=click-1&offer_id=card',
    expectedStatus: 302,
  },
  'durable offer wall': { origin: api.publicUrl, path: '/benchpartner/?ref_id=click-1', expectedStatus: 200 },
};
type Side = keyof typeof sides;
const names = Object.keys(sides) as Side[];
const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, LoadResult[]>;
const memoryMiB: number[] = [];
let answered = 0;

console.log(
  `${describeMachine()}; ${CONNECTIONS} connections, ${ROUNDS} rounds of ${ROUND_SECONDS} s, Postgres on the same machine`,
);
for (let round = 0; round <= ROUNDS; round++) {
  for (const name of names) {
    const seconds = round === 0 ? WARM_UP_SECONDS : ROUND_SECONDS;
    const result = await runLoad({ ...sides[name], connections: CONNECTIONS, seconds });
    if (name !== REFERENCE) answered += result.answered;
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
for (const [name, atLeast] of [
  ['durable direct link', 1.5],
  ['durable offer wall', 1],
] as const) {
  // Round by round, because what else the machine does changes from round to round.
  const ratios = results[name].map(({ perSecond }, round) => perSecond / (results[REFERENCE][round]?.perSecond ?? NaN));
  console.log(describeRatio(`${name} / ${REFERENCE}`, ratios, atLeast));
}
console.log(
  `memory of the api after each round: ${memoryMiB.map((mib) => Math.round(mib)).join(', ')} MiB (at most 300)`,
);

const { rows } = await db.raw<{ rows: { touches: number }[] }>(
  `select count(*) as touches from lead_events where type = 'touch'`,
);
const stored = rows[0]?.touches ?? 0;
console.log(
  `answered ${answered}, stored ${stored}: ${stored >= answered ? 'none lost' : `${answered - stored} LOST`}`,
);

bare.kill();
await api.stop();
await db.destroy();
await stopTestServers();
process.exit(stored >= answered ? 0 : 1);

function residentMiB(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
