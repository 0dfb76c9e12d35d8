// How many approvals a second are priced by tiers when all are of one advertiser, whose counter every one of them moves;
// beside the same without a price list. They come through the HTTP door of one api.
import { Pool } from 'undici';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createPriceList } from '../../src/db/prices/price-lists.ts';
import { findTier } from '../../src/domain/price-list.ts';
import { inParallel } from '../support/in-parallel.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { draftOf } from '../support/price-lists.ts';
import { startProcess } from '../support/program.ts';
import { startPrivatePostgres, stopTestServers } from '../support/servers.ts';
import { describeMachine, endWith, median, quantile, type Verdict } from './figures.ts';

const ROUNDS = 5;
const APPROVALS = 3000;
const CONNECTIONS = 64;
const AT_LEAST = 500;
// So that each round passes several borders.
const TIERS = Array.from({ length: 40 }, (_, index) => ({ from: index * 700, amount: 1000 + index }));

const postgres = await startPrivatePostgres();
const db = connectDb({ url: postgres.url, poolSize: 4, statementTimeoutMs: 60_000 });
await migrate(db);
const network = await createNetwork({ db, url: postgres.url });
const partnerId = await network.partner();
const api = await startProcess({ roles: ['api'], databaseUrl: postgres.url });
const pool = new Pool(api.publicUrl, { connections: CONNECTIONS });

type Round = { perSecond: number; p99Ms: number; refused: number };

console.log(
  `${describeMachine()}; ${ROUNDS} rounds of ${APPROVALS} approvals of one advertiser over ${CONNECTIONS} connections`,
);
await approve();
const plain: Round[] = [];
for (let round = 0; round < ROUNDS; round++) plain.push(await approve());
console.log(`the offer's reward  ${describeRounds(plain)}`);
await createPriceList(db, network.offerId, draftOf({ tiers: TIERS, period: 'month', timeZone: 'Europe/Berlin' }));
await approve();
const tiered: Round[] = [];
for (let round = 0; round < ROUNDS; round++) tiered.push(await approve());
console.log(`a price by tiers    ${describeRounds(tiered)}`);

const verdicts = [judgeRate(), judgeRefusals(), await judgeDeadlocks(), await judgePrices()];
await pool.close();
await api.stop();
await network.close();
await stopTestServers();
endWith(verdicts);

/** New conversions get their approval. */
async function approve(): Promise<Round> {
  const leads = await inParallel(Array.from({ length: APPROVALS }), 200, () => network.aLead(partnerId));
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const statuses = await inParallel(leads, CONNECTIONS, async ({ conversionId }) => {
    const sentAt = performance.now();
    const { statusCode, body } = await pool.request({
      path: `/advertisers/${network.advertiserId}/postback`,
      query: { conversion_id: conversionId, status: 'approved', token: network.advertiserToken },
      method: 'GET',
    });
    await body.dump();
    latenciesMs.push(performance.now() - sentAt);
    return statusCode;
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const refused = statuses.filter((status) => status !== 200).length;
  return { perSecond: APPROVALS / seconds, p99Ms: quantile(latenciesMs, 0.99), refused };
}

function describeRounds(rounds: Round[]): string {
  const rates = rounds.map(({ perSecond }) => perSecond.toFixed(0)).join(', ');
  return `${median(rounds.map(({ perSecond }) => perSecond)).toFixed(0)}/s (${rates}), p99 ${median(rounds.map(({ p99Ms }) => p99Ms)).toFixed(0)} ms`;
}

function judgeRate(): Verdict {
  const rate = median(tiered.map(({ perSecond }) => perSecond));
  return judge(`approvals priced by tiers: ${rate.toFixed(0)}/s`, `at least ${AT_LEAST}/s`, rate >= AT_LEAST);
}

function judgeRefusals(): Verdict {
  const refused = [...plain, ...tiered].reduce((sum, round) => sum + round.refused, 0);
  return judge(`not answered with 200: ${refused}`, 'none', refused === 0);
}

async function judgeDeadlocks(): Promise<Verdict> {
  const { rows } = await db.raw<{ rows: [{ deadlocks: number }] }>(
    'select deadlocks from pg_stat_database where datname = current_database()',
  );
  return judge(`deadlocks: ${rows[0].deadlocks}`, 'none', rows[0].deadlocks === 0);
}

/** Each place was dealt once, from the first after those from before the list, and each price is that of its tier. */
async function judgePrices(): Promise<Verdict> {
  const prices = await db('lead_events')
    .whereNotNull('price_counted')
    .orderBy('price_counted')
    .select<{ counted: number; amount: number }[]>({ counted: 'price_counted', amount: 'price_amount' });
  const before = (ROUNDS + 1) * APPROVALS;
  const wrong = prices.filter(
    ({ counted, amount }, index) => counted !== before + index || amount !== findTier(TIERS, counted).amount,
  ).length;
  const last = await db('approval_counts').first<{ approved: number }>('approved');
  const counted = Number(last.approved);
  const isExact = counted === 2 * before && prices.length === before && wrong === 0;
  return judge(
    `wrong prices: ${wrong} of ${prices.length}; the counter says ${counted}`,
    `none; ${2 * before}`,
    isExact,
  );
}

function judge(found: string, wanted: string, holds: boolean): Verdict {
  return { line: `${found} (${wanted}: ${holds ? 'reached' : 'MISSED'})`, holds };
}
