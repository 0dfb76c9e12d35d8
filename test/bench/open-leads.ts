// Clicks while a Temporal server holds 100,000 open leads, against clicks while another holds none, in turns.
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { startProcess } from '../support/program.ts';
import { startPrivatePostgres, startPrivateTemporal, stopTestServers } from '../support/servers.ts';
import '../support/temporal/quiet-sdk.ts';
import { describeMachine, endWith, judgeRatio, quantile } from './figures.ts';
import { runLoad } from './load.ts';
import { startRawLeads } from './raw-leads.ts';

const OPEN_LEADS = 100_000;
const CALLS_AT_ONCE = 32;
const ROUNDS = 5;
const ROUND_SECONDS = 5;
const WARM_UP_SECONDS = 3;
const CONNECTIONS = 64;
const MAX_RATIO = 1.2;

const [postgres, empty, full] = await Promise.all([
  startPrivatePostgres(),
  startPrivateTemporal(),
  startPrivateTemporal(),
]);
const db = connectDb({ url: postgres.url, poolSize: 2, statementTimeoutMs: 60_000 });
await migrate(db);
const network = await createNetwork({ db, url: postgres.url });
const partnerId = await network.partner();
const path = `/${partnerId}/?ref_id=click-1&offer_id=${network.offerId}`;

console.log(`${describeMachine()}; ${CONNECTIONS} connections, ${ROUNDS} rounds of ${ROUND_SECONDS} s for each side`);
const rate = await startRawLeads(full.address, OPEN_LEADS, CALLS_AT_ONCE);
console.log(`${OPEN_LEADS} leads opened at ${rate.toFixed(0)}/s`);
const ratios: number[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  const [withNone, withMany] = [await p99OfClicks(empty.address), await p99OfClicks(full.address)];
  console.log(`round ${round}: p99 ${withNone.toFixed(1)} ms with no open lead, ${withMany.toFixed(1)} ms with many`);
  ratios.push(withNone / withMany);
}

await network.close();
await db.destroy();
await stopTestServers();
// As a ratio that is better when larger, like all others.
endWith([judgeRatio(`click p99 with an empty Temporal / with ${OPEN_LEADS} open leads`, ratios, 1 / MAX_RATIO)]);

/** All roles at work: the relay brings the leads of these clicks into Temporal meanwhile. Milliseconds. */
async function p99OfClicks(temporalAddress: string): Promise<number> {
  const program = await startProcess({ roles: ['api'], databaseUrl: postgres.url });
  const behind = await startProcess({ roles: ['relay', 'worker'], databaseUrl: postgres.url, temporalAddress });
  const load = { origin: program.publicUrl, path, connections: CONNECTIONS, expectedStatus: 302 };
  await runLoad({ ...load, seconds: WARM_UP_SECONDS });
  const { latenciesMs, failed } = await runLoad({ ...load, seconds: ROUND_SECONDS });
  if (failed > 0) throw new Error(`${failed} clicks got another answer than expected.`);
  await Promise.all([program.stop(), behind.stop()]);
  // What was not relayed must not be left to the other side.
  await db('outbox').delete();
  return quantile(latenciesMs, 0.99);
}
