// What a flood of wrong tokens does to the statuses of an advertiser whose token is right, beside the same without a flood.
import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { inParallel } from '../support/in-parallel.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { startProcess } from '../support/program.ts';
import { startPrivatePostgres, stopTestServers } from '../support/servers.ts';
import { describeMachine, endWith, median, quantile, type Verdict } from './figures.ts';
import { runLoad, type LoadResult } from './load.ts';

const ROUNDS = 5;
const STATUSES = 1000;
const CALLERS = 4;
const FLOODING_CONNECTIONS = 200;
const FLOOD_SECONDS = 10;
const AT_MOST = 3;

const postgres = await startPrivatePostgres();
const db = connectDb({ url: postgres.url, poolSize: 2, statementTimeoutMs: 60_000 });
await migrate(db);
const network = await createNetwork({ db, url: postgres.url });
const partnerId = await network.partner();
const api = await startProcess({ roles: ['api'], databaseUrl: postgres.url });
const pool = new Pool(api.publicUrl, { connections: CALLERS });
// More than are sent in a round.
const wrongTokens = Array.from({ length: 20_000 }, () => randomUUID());
const path = `/advertisers/${network.advertiserId}/postback`;

type Round = { statuses: number[]; latenciesMs: number[] };

console.log(
  `${describeMachine()}; ${ROUNDS} rounds of ${STATUSES} statuses by ${CALLERS} callers, quiet and with wrong tokens ` +
    `by ${FLOODING_CONNECTIONS} connections, all from one address`,
);
await sendStatuses();
const [quiet, flooded]: [Round[], Round[]] = [[], []];
const floods: LoadResult[] = [];
for (let round = 0; round < ROUNDS; round++) {
  quiet.push(await sendStatuses());
  const flood = runLoad({
    origin: api.publicUrl,
    path: wrongTokens.map((token) => `${path}?conversion_id=c&status=approved&token=${token}`),
    connections: FLOODING_CONNECTIONS,
    seconds: FLOOD_SECONDS,
    expectedStatus: 429,
  });
  flooded.push(await sendStatuses());
  floods.push(await flood);
}

console.log(`quiet    ${describeRounds(quiet)}`);
console.log(`flooded  ${describeRounds(flooded)}`);
console.log(
  `refused  ${median(floods.map(({ answered, failed, seconds }) => (answered + failed) / seconds)).toFixed(0)}/s`,
);
await pool.close();
await api.stop();
await network.close();
await stopTestServers();
endWith([judgeAnswers(), judgeLatency()]);

/** New conversions get their first status. */
async function sendStatuses(): Promise<Round> {
  const leads = await inParallel(Array.from({ length: STATUSES }), 50, () => network.aLead(partnerId));
  const latenciesMs: number[] = [];
  const statuses = await inParallel(leads, CALLERS, async ({ conversionId }) => {
    const query = { conversion_id: conversionId, status: 'approved', token: network.advertiserToken };
    const sentAt = performance.now();
    const { statusCode, body } = await pool.request({ path, query, method: 'GET' });
    await body.dump();
    latenciesMs.push(performance.now() - sentAt);
    return statusCode;
  });
  return { statuses, latenciesMs };
}

function describeRounds(rounds: Round[]): string {
  const quantileOf = (share: number) =>
    median(rounds.map(({ latenciesMs }) => quantile(latenciesMs, share))).toFixed(1);
  return `p50 ${quantileOf(0.5)} ms, p99 ${quantileOf(0.99)} ms`;
}

function judgeAnswers(): Verdict {
  const answers = [...quiet, ...flooded].flatMap(({ statuses }) => statuses);
  const others = answers.filter((status) => status !== 200);
  return {
    line: `statuses not answered with 200: ${others.length} of ${answers.length} (none: ${others.length === 0 ? 'reached' : 'MISSED'})`,
    holds: others.length === 0,
  };
}

/** Round by round, because what else the machine does changes from round to round. */
function judgeLatency(): Verdict {
  const ratios = flooded.map(
    ({ latenciesMs }, round) => quantile(latenciesMs, 0.99) / quantile(quiet[round]?.latenciesMs ?? [], 0.99),
  );
  const ratio = median(ratios);
  const holds = ratio <= AT_MOST;
  const all = ratios.map((each) => each.toFixed(2)).join(', ');
  return {
    line: `p99 flooded / quiet: ${ratio.toFixed(2)} × (${all}; at most ${AT_MOST} ×: ${holds ? 'reached' : 'MISSED'})`,
    holds,
  };
}
