// Durable status calls per second of many advertisers against a bare Express app on the same machine in the same run.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createAdvertiser } from '../../src/db/advertisers.ts';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createOffer } from '../../src/db/offers.ts';
import { readTouch } from '../../src/intake/touch.ts';
import { newConversionId } from '../../src/new-ids.ts';
import { inParallel } from '../support/in-parallel.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { startProcess } from '../support/program.ts';
import { startPrivatePostgres, stopTestServers } from '../support/servers.ts';
import { describeMachine, endWith, judgeRatio, median, quantile, type Verdict } from './figures.ts';
import { runLoad, type LoadResult } from './load.ts';

const ROUND_SECONDS = 5;
const CONNECTIONS = 64;
const ADVERTISERS = 20;
const ROUNDS = 5;
const CONVERSIONS = 40_000;
// When all conversions have heard one, the next follows, so that each call is a new status.
const WORDS = ['pending', 'approved', 'rejected', 'approved', 'rejected', 'approved'];
const AT_LEAST = 0.5;

// fsync and synchronous_commit stay on: an answered status is on disk.
const postgres = await startPrivatePostgres();
const db = connectDb({ url: postgres.url, poolSize: 2, statementTimeoutMs: 60_000 });
await migrate(db);
const network = await createNetwork({ db, url: postgres.url });
const calls = await conversionsOfManyAdvertisers();
const api = await startProcess({ roles: ['api'], databaseUrl: postgres.url });
const bare = fork(fileURLToPath(new URL('./bare-express.ts', import.meta.url)), { execArgv: ['--import=tsx'] });
const [bareOrigin] = (await once(bare, 'message')) as [string];

const [bareRounds, rounds]: [LoadResult[], LoadResult[]] = [[], []];
// The round that is not measured counts as well: all of it must be stored.
let answered = 0;
console.log(
  `${describeMachine()}; ${CONNECTIONS} connections, ${ADVERTISERS} advertisers, ${ROUNDS} rounds of ` +
    `${ROUND_SECONDS} s, Postgres on the same machine`,
);
for (let round = 0; round <= ROUNDS; round++) {
  const load = { connections: CONNECTIONS, seconds: ROUND_SECONDS };
  const ofBare = await runLoad({ ...load, origin: bareOrigin, path: '/partner/?ref_id=click-1', expectedStatus: 302 });
  const ofCalls = await runLoad({
    ...load,
    origin: api.publicUrl,
    path: nextCalls(),
    requests: CONVERSIONS,
    expectedStatus: 200,
  });
  if (ofBare.failed + ofCalls.failed > 0) throw new Error('A request got another answer than expected.');
  answered += ofCalls.answered;
  if (round === 0) continue;
  bareRounds.push(ofBare);
  rounds.push(ofCalls);
}

console.log(describeRounds('bare Express redirect', bareRounds));
console.log(describeRounds('durable status', rounds));
const { rows } = await db.raw<{ rows: { events: number; calls: number }[] }>(
  `select (select count(*) from lead_events where type = 'status') as events,
          (select count(*) from status_calls where result = 'recorded') as calls`,
);
const stored = rows[0] ?? { events: 0, calls: 0 };
bare.kill();
await api.stop();
await network.close();
await stopTestServers();
endWith([
  judgeRatio(
    'durable status / bare Express redirect',
    rounds.map(({ perSecond }, round) => perSecond / (bareRounds[round]?.perSecond ?? NaN)),
    AT_LEAST,
  ),
  judgeStored('events', stored.events),
  judgeStored('kept calls', stored.calls),
]);

/** The addresses of the calls after those that have been answered. */
function nextCalls(): string[] {
  return calls.map((_, index) => {
    const next = answered + index;
    return `${calls[next % CONVERSIONS]}&status=${WORDS[Math.floor(next / CONVERSIONS)]}`;
  });
}

/** Addresses of status calls, without the word: each of another conversion, of one advertiser after the other. */
async function conversionsOfManyAdvertisers(): Promise<string[]> {
  const partnerId = await network.partner();
  const advertisers = await inParallel(Array.from({ length: ADVERTISERS }), 4, async () => {
    const { advertiser, token } = await createAdvertiser(db, { name: 'Bank' });
    const { offer_id: offerId } = await createOffer(db, {
      advertiser_id: advertiser.advertiser_id,
      name: 'Card',
      url: 'https://bank.example/?click={conversion_id}',
      reward: { amount: 1250, currency: 'USD' },
    });
    return { advertiserId: advertiser.advertiser_id, offerId, token };
  });
  const all = Array.from({ length: CONVERSIONS }, (_, index) => index);
  return await inParallel(all, 512, async (index) => {
    const { advertiserId, offerId, token } = advertisers[index % ADVERTISERS] ?? {
      advertiserId: '',
      offerId: '',
      token: '',
    };
    const conversionId = newConversionId();
    await network.clicks.record({
      leadId: undefined,
      touch: readTouch(partnerId, 'click-1'),
      conversion: { conversionId, offerId, advertiserId },
    });
    return `/advertisers/${advertiserId}/postback?conversion_id=${conversionId}&token=${token}`;
  });
}

function describeRounds(name: string, measured: LoadResult[]): string {
  const rates = measured.map(({ perSecond }) => Math.round(perSecond));
  const latencies = measured.flatMap(({ latenciesMs }) => latenciesMs);
  return (
    `${name.padEnd(22)} ${Math.round(median(rates))}/s (${rates.join(', ')}), ` +
    `p50 ${quantile(latencies, 0.5).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms`
  );
}

function judgeStored(what: string, count: number): Verdict {
  const holds = count >= answered;
  const lost = holds ? 'none lost' : `${answered - count} LOST`;
  return { line: `statuses answered ${answered}, ${what} stored ${count}: ${lost}`, holds };
}
