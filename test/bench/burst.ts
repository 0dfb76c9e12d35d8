// How many new leads a relay brings into Temporal against a script that does nothing else. Then statuses in a flood of
// clicks: how long from the answer to a status until its postback has come, while thousands of leads wait to get into
// Temporal; and the same when every process and server is killed in mid-burst.
import { setTimeout as delay } from 'node:timers/promises';
import { readBacklog } from '../../src/db/outbox.ts';
import { eventually } from '../support/eventually.ts';
import { inParallel } from '../support/in-parallel.ts';
import type { RunningProgram } from '../support/program.ts';
import '../support/temporal/quiet-sdk.ts';
import { createBurstStage, stopAll, type AnsweredStatus } from './burst-stage.ts';
import { describeMachine, endWith, judgeLargest, judgeRatio, quantile, type Verdict } from './figures.ts';
import { startRawLeads } from './raw-leads.ts';

const BURST_CLICKS = 20_000;
const STATUSES = 150;
const STATUSES_PER_SECOND = 5;
// Statuses come in this order: of leads begun before the burst, in it, and after it.
const LEADS_OF_A_KIND = STATUSES / 3;
const MAX_P50_MS = 300;
const MAX_P99_MS = 2000;
const MAX_P99_AFTER_KILL_MS = 15_000;
const RATE_ROUNDS = 3;
const RATE_LEADS = 2000;
const CALLS_AT_ONCE = 64;
const MIN_RATE_RATIO = 0.9;

const stage = await createBurstStage();
console.log(`${describeMachine()}; Postgres and Temporal on the same machine`);
const verdicts = [await measureRates(), ...(await measureBurst()), ...(await measureKilledBurst())];
await stage.close();
endWith(verdicts);

/** The relay alone, with its reading and noting in Postgres, against nothing but its calls. No worker runs. */
async function measureRates(): Promise<Verdict> {
  const ratios: number[] = [];
  for (let round = 1; round <= RATE_ROUNDS; round++) {
    const [raw, ours] = [await startRawLeads(stage.temporalAddress, RATE_LEADS, CALLS_AT_ONCE), await rateOfRelay()];
    console.log(`round ${round}: script ${raw.toFixed(0)}, relay ${ours.toFixed(0)} new leads/s`);
    ratios.push(ours / raw);
  }
  return judgeRatio('new leads into Temporal / raw signalWithStart', ratios, MIN_RATE_RATIO);
}

async function rateOfRelay(): Promise<number> {
  const api = await stage.start('api');
  await stage.flood(api, RATE_LEADS);
  await api.stop();
  return await withRelay(async () => {
    const { leads } = await readBacklog(stage.db);
    const startedAt = performance.now();
    await stage.nothingIsOwed();
    return leads / ((performance.now() - startedAt) / 1000);
  });
}

async function withRelay<T>(use: () => Promise<T>): Promise<T> {
  const relay = await stage.start('relay');
  try {
    return await use();
  } finally {
    await relay.stop();
  }
}

async function measureBurst(): Promise<Verdict[]> {
  const programs = await stage.startAll();
  const before = await makeLeads(programs.api);
  await stage.nothingIsOwed();
  const flooding = stage.flood(programs.api, BURST_CLICKS);
  const answered = await reportAll(programs.api, [before, makeLeads(programs.api), flooding.then(() => undefined)]);
  const { answered: clicks, perSecond } = await flooding;
  const latencies = await Promise.all(answered.map(async ({ answeredAt, heardAt }) => (await heardAt) - answeredAt));
  console.log(`${clicks} clicks at ${perSecond.toFixed(0)}/s; ${await sayOwed()} when the last postback came`);
  await stopAll(programs);
  sayQuantiles(latencies);
  const way = `status answered → postback received in a burst of ${clicks} clicks`;
  return [
    judge(`${way}, p50`, quantile(latencies, 0.5), MAX_P50_MS),
    judge(`${way}, p99`, quantile(latencies, 0.99), MAX_P99_MS),
    await judgeComplete({ leads: clicks + STATUSES, statuses: STATUSES }),
  ];
}

async function measureKilledBurst(): Promise<Verdict[]> {
  const earlier = await stage.count();
  const programs = await stage.startAll();
  const before = await makeLeads(programs.api);
  const flooding = stage.flood(programs.api, BURST_CLICKS / 2);
  const during = await makeLeads(programs.api);
  const { answered: firstClicks } = await flooding;
  // Whether what is not answered is kept is left open.
  const unanswered = stage.flood(programs.api, BURST_CLICKS).catch(() => undefined);
  const answeredEarly = await reportAll(programs.api, [before.splice(0, STATUSES_PER_SECOND)]);
  await stage.killAll(programs);
  await unanswered;

  await stage.restartServers();
  const again = await stage.startAll();
  const readyAt = performance.now();
  const floodingOn = stage.flood(again.api, BURST_CLICKS / 2);
  const answered = await reportAll(again.api, [before, during, floodingOn.then(() => undefined)]);
  const latencies = await Promise.all(
    [...answeredEarly, ...answered].map(
      async ({ answeredAt, heardAt }) => (await heardAt) - Math.max(answeredAt, readyAt),
    ),
  );
  const clicks = firstClicks + (await floodingOn).answered;
  console.log(`after the kill: ${await sayOwed()} when the last postback came`);
  await stopAll(again);
  const way = 'the same with all processes and servers killed in mid-burst, from the restart on';
  sayQuantiles(latencies);
  return [
    judge(`${way}, p99`, quantile(latencies, 0.99), MAX_P99_AFTER_KILL_MS),
    await judgeComplete({ leads: earlier.leads + clicks + STATUSES, statuses: earlier.delivered + STATUSES }),
  ];
}

async function makeLeads(api: RunningProgram): Promise<string[]> {
  return await inParallel(Array.from({ length: LEADS_OF_A_KIND }), 4, () => stage.click(api));
}

/** Approves one conversion after the other at the rate of the benchmark; a kind without leads gets new ones. */
async function reportAll(
  api: RunningProgram,
  kinds: (string[] | Promise<string[] | undefined>)[],
): Promise<AnsweredStatus[]> {
  const answered: AnsweredStatus[] = [];
  for (const kind of kinds) {
    const conversionIds = (await kind) ?? Array.from({ length: LEADS_OF_A_KIND }, () => undefined);
    for (const conversionId of conversionIds) {
      const [status] = await Promise.all([report(conversionId), delay(1000 / STATUSES_PER_SECOND)]);
      answered.push(status);
    }
  }
  return answered;

  async function report(conversionId: string | undefined): Promise<AnsweredStatus> {
    return await stage.approve(api, conversionId ?? (await stage.click(api)));
  }
}

/** Of each kind, in the order of the statuses. */
function sayQuantiles(latencies: number[]): void {
  for (const [index, kind] of ['before', 'in', 'after'].entries()) {
    const ofKind = latencies.slice(index * LEADS_OF_A_KIND, (index + 1) * LEADS_OF_A_KIND);
    const [p50, p99] = [0.5, 0.99].map((share) => quantile(ofKind, share).toFixed(0));
    console.log(`  leads begun ${kind} the burst: p50 ${p50} ms, p99 ${p99} ms`);
  }
}

async function sayOwed(): Promise<string> {
  return `${(await readBacklog(stage.db)).leads} leads were still owed to Temporal`;
}

function judge(name: string, value: number, atMost: number): Verdict {
  return judgeLargest(name, [value], { atMost, unit: 'ms' });
}

/** Every answered click is a lead, every answered status one reward and one delivered postback. */
async function judgeComplete(expected: { leads: number; statuses: number }): Promise<Verdict> {
  const counted = await eventually(async () => {
    const now = await stage.count();
    if (now.delivered < expected.statuses) throw new Error(`Only ${now.delivered} postbacks are delivered.`);
    return now;
  });
  const { leads, delivered, rewarded } = counted;
  const holds = leads >= expected.leads && delivered === expected.statuses && rewarded === expected.statuses;
  const line = `leads ${leads} (at least ${expected.leads} answered), statuses ${expected.statuses}, delivered ${delivered}, rewarded ${rewarded}`;
  return { line: `${line}: ${holds ? 'none lost, none doubled' : 'WRONG'}`, holds };
}
