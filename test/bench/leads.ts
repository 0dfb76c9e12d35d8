// Leads all the way per second against the cheapest workflow with the same messages, on the same server in the same run.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { readBacklog } from '../../src/db/outbox.ts';
import { eventually } from '../support/eventually.ts';
import { inParallel } from '../support/in-parallel.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { startPartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { startProcess } from '../support/program.ts';
import '../support/temporal/quiet-sdk.ts';
import { startPrivatePostgres, startPrivateTemporal, stopTestServers } from '../support/servers.ts';
import { withCheapest } from './cheapest.ts';
import { describeMachine, endWith, judgeLargest, judgeRatio, median, quantile } from './figures.ts';

const ROUNDS = 3;
const LEADS_PER_ROUND = 600;
// A program that lives for days is warm; a cold V8 costs half as much again.
const WARM_UP_LEADS = 400;
const CALLS_AT_ONCE = 64;
const LATENCY_SECONDS = 20;
const LATENCY_PER_SECOND = 5;
const MAX_LATENCY_MS = 200;

const [postgres, temporal] = await Promise.all([startPrivatePostgres(), startPrivateTemporal()]);
const db = connectDb({ url: postgres.url, poolSize: 4, statementTimeoutMs: 60_000 });
await migrate(db);
const network = await createNetwork({ db, url: postgres.url });
const tracker = await startHearingTracker();
const partnerId = await network.partner(settingsFor(`${tracker.origin}/?cid={conversion_id}`));
const http = new Agent({ connections: CALLS_AT_ONCE });

console.log(
  `${describeMachine()}; ${ROUNDS} rounds of ${LEADS_PER_ROUND} leads, Postgres and Temporal on the same machine`,
);
const rates: Record<'ours' | 'cheapest', number[]> = { ours: [], cheapest: [] };
for (let round = 1; round <= ROUNDS; round++) {
  // Each side begins cold, so it is warmed up before it is measured.
  const cheapest = await withCheapest({ address: temporal.address, atOnce: CALLS_AT_ONCE }, (run) =>
    run(WARM_UP_LEADS).then(() => run(LEADS_PER_ROUND)),
  );
  const ours = await withProgram((origin) =>
    runOurs(origin, WARM_UP_LEADS).then(() => runOurs(origin, LEADS_PER_ROUND)),
  );
  console.log(`round ${round}: cheapest ${cheapest.toFixed(1)}, ours ${ours.toFixed(1)} leads/s`);
  rates.cheapest.push(cheapest);
  rates.ours.push(ours);
}
for (const [name, values] of Object.entries(rates)) {
  console.log(
    `${name.padEnd(8)} ${median(values).toFixed(1)} leads/s (${values.map((rate) => rate.toFixed(1)).join(', ')})`,
  );
}
const ratios = rates.ours.map((rate, round) => rate / (rates.cheapest[round] ?? NaN));

const latencies = await withProgram(measureLatency);
const p50 = quantile(latencies, 0.5);
const way = `status answered → postback received at ${LATENCY_PER_SECOND} leads/s`;
console.log(`${way}: p99 ${quantile(latencies, 0.99).toFixed(0)} ms`);

const expected = ROUNDS * (WARM_UP_LEADS + LEADS_PER_ROUND) + latencies.length;
const { rows } = await db.raw<{ rows: { delivered: number; rewarded: number }[] }>(
  `select (select count(*) from postbacks where state = 'delivered') as delivered,
          (select count(*) from reward_entries) as rewarded`,
);
const { delivered = 0, rewarded = 0 } = rows[0] ?? {};
const isComplete = delivered === expected && rewarded === expected;

await http.close();
await tracker.stop();
await network.close();
await stopTestServers();
endWith([
  judgeRatio('leads all the way / cheapest workflow', ratios, 0.95),
  judgeLargest(`${way}, p50`, [p50], { atMost: MAX_LATENCY_MS, unit: 'ms' }),
  {
    line: `leads ${expected}, delivered ${delivered}, rewarded ${rewarded}: ${isComplete ? 'none lost, none doubled' : 'WRONG'}`,
    holds: isComplete,
  },
]);

/** Click all leads; when all have reached Temporal, approve all; done when the partner has heard of all. */
async function runOurs(origin: string, leads: number): Promise<number> {
  const startedAt = performance.now();
  const conversionIds = await inParallel(Array.from({ length: leads }), CALLS_AT_ONCE, () => click(origin));
  await eventually(async () => {
    const { leads: owed } = await readBacklog(db);
    if (owed > 0) throw new Error(`${owed} leads are still owed to Temporal.`);
  }, 60_000);
  const heard = conversionIds.map((conversionId) => tracker.hear(conversionId));
  await inParallel(conversionIds, CALLS_AT_ONCE, (conversionId) => approve(origin, conversionId));
  await Promise.all(heard);
  return leads / ((performance.now() - startedAt) / 1000);
}

async function measureLatency(origin: string): Promise<number[]> {
  const pending: Promise<number>[] = [];
  for (let index = 0; index < LATENCY_SECONDS * LATENCY_PER_SECOND; index++) {
    pending.push(oneLead());
    await delay(1000 / LATENCY_PER_SECOND);
  }
  return await Promise.all(pending);

  async function oneLead(): Promise<number> {
    const conversionId = await click(origin);
    await delay(1000);
    const heard = tracker.hear(conversionId);
    await approve(origin, conversionId);
    const answeredAt = performance.now();
    return (await heard) - answeredAt;
  }
}

async function click(origin: string): Promise<string> {
  const path = `/${partnerId}/?ref_id=${randomUUID().slice(0, 20)}&offer_id=${network.offerId}`;
  const { statusCode, headers, body } = await request(`${origin}${path}`, { dispatcher: http });
  await body.dump();
  const conversionId = new URL(String(headers.location)).searchParams.get('click');
  if (statusCode !== 302 || conversionId === null) throw new Error(`A click was answered with ${statusCode}.`);
  return conversionId;
}

async function approve(origin: string, conversionId: string): Promise<void> {
  const { statusCode, body } = await request(
    `${origin}/advertisers/${network.advertiserId}/postback?conversion_id=${conversionId}&status=approved`,
    { dispatcher: http, headers: { authorization: `Bearer ${network.advertiserToken}` } },
  );
  if (statusCode !== 200) throw new Error(`A status was answered with ${statusCode}: ${await body.text()}`);
  await body.dump();
}

/** One process with all roles; the other side is stopped meanwhile, so that the two do not share the machine. */
async function withProgram<T>(use: (origin: string) => Promise<T>): Promise<T> {
  const program = await startProcess({
    roles: ['api', 'relay', 'worker'],
    databaseUrl: postgres.url,
    temporalAddress: temporal.address,
  });
  try {
    return await use(program.publicUrl);
  } finally {
    await program.stop();
  }
}

/** A partner that answers 200 at once and tells when a conversion was heard of, in milliseconds of `performance.now()`. */
async function startHearingTracker() {
  const waiting = new Map<string, (at: number) => void>();
  const server = await startPartnerServer({ onCall: ({ query, at }) => waiting.get(query['cid'] ?? '')?.(at) });
  return {
    ...server,
    hear: (conversionId: string) => new Promise<number>((resolve) => waiting.set(conversionId, resolve)),
  };
}
