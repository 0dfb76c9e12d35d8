// The partner's figures and its delivery log, over a large network's last 30 days.
import { listPartnerPostbacks } from '../../src/db/reports/partner-postbacks.ts';
import { readPartnerStats, type StatsQuery } from '../../src/db/reports/partner-stats.ts';
import { plansOf } from '../support/plans.ts';
import { stopTestServers } from '../support/servers.ts';
import { DAY_MS, DAYS, startAnalyticsDatabase } from './analytics-database.ts';
import { endWith, judgeLargest } from './figures.ts';

const MAX_PAGE_MS = 100;
const MAX_FIGURES_MS = 300;
const REPEATS = 3;

class Slowest {
  ms = 0;
  what = '';

  add(ms: number, what: object): void {
    if (ms <= this.ms) return;
    this.ms = ms;
    this.what = JSON.stringify(what);
  }
}

const { db, data } = await startAnalyticsDatabase();
const verdicts = [await judgeLog(), await judgeFigures()];
await tellByRefId();
await db.destroy();
await stopTestServers();
endWith(verdicts);

/** Every combination of filters, each with its first page and one in the middle. */
async function judgeLog() {
  const { partnerId, from, to, commonRefId, rareRefId, conversionId } = data;
  const middle = (Date.parse(from) + Date.parse(to)) / 2;
  const [dayBegin, dayEnd] = [new Date(middle - DAY_MS).toISOString(), new Date(middle).toISOString()];
  const filters = combine([
    [{}, { state: 'delivered' }, { state: 'failed' }, { state: 'scheduled' }],
    [{}, { status: 'approved' }, { status: 'pending' }],
    [{}, { ref_id: commonRefId }, { ref_id: rareRefId }],
    [{}, { conversion_id: conversionId }],
    [{}, { from: dayBegin, to: dayEnd }, { from: dayBegin }, { to: dayEnd }],
  ]);
  const slowest = new Slowest();
  for (const filter of filters) {
    for (const page of [{}, { cursor: `${middle}000 p` }]) {
      const query = { ...filter, ...page, limit: 50, partnerId };
      slowest.add(await bestMsOf(() => listPartnerPostbacks(db, query)), query);
    }
  }
  console.log(`delivery log, ${2 * filters.length} queries; the slowest: ${slowest.what}`);
  return judgeLargest('delivery log', [slowest.ms], { atMost: MAX_PAGE_MS, unit: 'ms' });
}

async function judgeFigures() {
  const slowest = new Slowest();
  for (const group_by of ['day', 'offer', 'status'] as const) {
    for (const time_zone of ['UTC', 'Asia/Kolkata']) {
      for (const range of [{}, { from: data.from, to: data.to }]) {
        const query = { partner_id: data.partnerId, group_by, time_zone, ...range };
        const ms = await bestMsOf(() => readPartnerStats(db, query));
        console.log(
          `figures by ${group_by}, ${time_zone}, ${'from' in range ? 'cutting a quarter' : 'whole days'}: ${Math.round(ms)} ms`,
        );
        slowest.add(ms, query);
      }
    }
  }
  return judgeLargest('figures of 30 days', [slowest.ms], { atMost: MAX_FIGURES_MS, unit: 'ms' });
}

/** Without a limit to reach: it reads the facts themselves. As its caller waits, because it asks for more memory first. */
async function tellByRefId(): Promise<void> {
  for (const days of [1, 7, DAYS]) {
    const from = new Date(Date.parse(data.to) - days * DAY_MS).toISOString();
    const query: StatsQuery = { partner_id: data.partnerId, group_by: 'ref_id', time_zone: 'UTC', from, to: data.to };
    const began = performance.now();
    await readPartnerStats(db, query);
    console.log(`figures by ref_id of ${days} days: ${Math.round(performance.now() - began)} ms`);
  }
}

/** The best of several, because what else the machine does is not what is measured. */
async function bestMsOf(read: () => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let repeat = 0; repeat < REPEATS && best > MAX_PAGE_MS / 2; repeat++) best = Math.min(best, await msOf(read));
  return best;
}

/** What all its statements take in the database, planning included. */
async function msOf(read: () => Promise<unknown>): Promise<number> {
  const plans = await plansOf(db, read, '(analyze, timing off)');
  const times = plans.flatMap((plan) => [...plan.matchAll(/(?:Planning|Execution) Time: ([\d.]+) ms/g)]);
  if (times.length === 0) throw new Error('No statement was measured.');
  return times.reduce((sum, [, ms]) => sum + Number(ms), 0);
}

/** Every choice of one of each. */
function combine(choices: object[][]): Record<string, string>[] {
  return choices.reduce<object[]>((all, some) => all.flatMap((a) => some.map((b) => ({ ...a, ...b }))), [{}]) as Record<
    string,
    string
  >[];
}
