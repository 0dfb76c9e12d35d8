import type { Knex } from 'knex';
import { connectDb } from '../../src/db/connect.ts';
import { countNext, recountFrom } from '../../src/db/counting/counting.ts';
import { migrate } from '../../src/db/migrate.ts';
import { startPrivatePostgres } from '../support/servers.ts';
import { fillForAnalytics, type AnalyticsData } from './analytics-set-up.ts';
import { describeMachine } from './figures.ts';

const TOUCHES = Number(process.env['TOUCHES'] ?? 5_020_000);
export const DAYS = 30;
export const DAY_MS = 24 * 60 * 60 * 1000;
// As long as the relays may have been away without anybody noticing it in the figures.
const UNCOUNTED_MS = 15 * 60 * 1000;

/**
 * A Postgres of its own with a large network's last 30 days, counted but for the last quarter of an hour.
 * @returns `db` has one connection, and patience for statements of minutes
 */
export async function startAnalyticsDatabase(): Promise<{ url: string; db: Knex; data: AnalyticsData }> {
  // The data is thrown away afterwards, so filling need not wait for the disk.
  const { url } = await startPrivatePostgres({ settings: { fsync: 'off', max_wal_size: '8GB' } });
  const db = connectDb({ url, poolSize: 1, statementTimeoutMs: 30 * 60_000 });
  await migrate(db);
  console.log(describeMachine());
  const data = await timed('filled', () => fillForAnalytics(db, { touches: TOUCHES, days: DAYS }));
  console.log(data.counts);
  await timed('counted', async () => {
    while (!(await countNext(db, DAY_MS))?.isDone);
  });
  // As it is done by itself, for what counting has written.
  await db.raw('vacuum analyze partner_counts, partner_counts_by_time, partner_counts_by_offer, partner_conversions');
  await recountFrom(db, new Date(Date.parse(data.to) - UNCOUNTED_MS).toISOString());
  return { url, db, data };
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  console.log(`${what} in ${Math.round((performance.now() - began) / 1000)} s`);
  return result;
}
