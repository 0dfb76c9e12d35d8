// How fast ops find any id over millions of conversions, and how fast the pages of stories come.
import type { Knex } from 'knex';
import { connectDb } from '../../src/db/connect.ts';
import { countNext } from '../../src/db/counting/counting.ts';
import { FIND_BY_ID, valuesFor } from '../../src/db/reports/find-by-id.ts';
import { createStatusIntake } from '../../src/intake/status.ts';
import { WINDOW_MS } from '../http/build-ops-app.ts';
import { buildOpsConsole } from '../http/build-ops-console.ts';
import { makeHotLead } from '../support/leads/hot-lead.ts';
import { stopTestServers } from '../support/servers.ts';
import { DAY_MS, startAnalyticsDatabase } from './analytics-database.ts';
import { endWith, judgeLargest, median, quantile } from './figures.ts';

const CONVERSIONS = Number(process.env['CONVERSIONS'] ?? 5_000_000);
const OPEN = Math.min(1_000_000, CONVERSIONS / 5);
const MAX_SEARCH_MS = 100;
const MAX_PAGE_MS = 150;
const ROUNDS = 50;
const WARM_UP = 5;
const HOT = { touches: 20_000, conversions: 2_000, approved: 300 };

type Plan = { 'QUERY PLAN': { 'Planning Time': number; 'Execution Time': number }[] };

const { url, db: fillingDb, data } = await startAnalyticsDatabase();
await addCalls(fillingDb);
await addConversions(fillingDb);
await openConversions(fillingDb);
const { offer_id: offerId, advertiser_id: advertiserId } = await fillingDb('offers').first<{
  offer_id: string;
  advertiser_id: string;
}>('offer_id', 'advertiser_id');
const hot = await makeHotLead({ db: fillingDb, offerId, advertiserId } as never, data.partnerId, HOT);
await fillingDb.raw('vacuum analyze');
await fillingDb.destroy();

const db = connectDb({ url, poolSize: 4, statementTimeoutMs: 10_000 });
const { rows: counted } = await db.raw<{ rows: { conversions: number }[] }>(
  'select count(*) as conversions from conversions',
);
console.log(`${counted[0]?.conversions} conversions`);

const searches: number[] = [];
for (const [what, ids] of Object.entries(await readIds(db))) searches.push(await searchFor(what, ids));

const pages: number[] = [];
const lead = await db('conversions').where({ conversion_id: data.conversionId }).first<{ lead_id: string }>('lead_id');
const site = buildOpsConsole({ db, statuses: createStatusIntake({ db, windowMs: WINDOW_MS }) });
const visitor = await site.signedIn();
for (const path of [
  `/ops/leads/${lead.lead_id}`,
  `/ops/leads/${hot.leadId}`,
  `/ops/leads/${hot.leadId}?after=${HOT.touches - 50}`,
  `/ops/leads/${hot.leadId}?after=${hot.lastSeq - 100}`,
  `/ops/conversions/${data.conversionId}`,
  `/ops/conversions/${hot.conversionId(1)}`,
  '/ops/silence',
  '/ops/silence/reminders',
  '/ops/fraud',
]) {
  pages.push(await openPage(path));
}
await db.destroy();
await stopTestServers();
endWith([
  judgeLargest(`search by any id, p99 of ${ROUNDS} each, in the database`, searches, {
    atMost: MAX_SEARCH_MS,
    unit: 'ms',
  }),
  judgeLargest(`pages of leads, conversions, silence and flags, p99 of ${ROUNDS} each`, pages, {
    atMost: MAX_PAGE_MS,
    unit: 'ms',
  }),
]);

/** A call for each status, each with a transaction_id of its own, and some thousands with the same. */
async function addCalls(filling: Knex): Promise<void> {
  await filling.raw(
    `insert into status_calls (advertiser_id, at, conversion_id, raw, result, lead_id, seq, transaction_id)
     select advertiser_id, status_at, conversion_id, '{"method": "GET", "query": {}, "body": null}', 'recorded', lead_id, 3,
       case when n % 200 = 0 then 'same-for-many' else 'order-' || n end
     from (select c.*, row_number() over () as n from conversions c where status is not null) numbered`,
  );
}

/** Fills up with conversions of which nothing was heard. */
async function addConversions(filling: Knex): Promise<void> {
  await filling.raw(
    `insert into conversions (conversion_id, lead_id, seq, offer_id, advertiser_id, created_at)
     select 'x' || lpad(n::text, 23, '0'), 'x' || lpad(n::text, 23, '0'), 2, 'offer-' || n % 20, advertiser_id, now()
     from (select advertiser_id from advertisers limit 1) a,
       generate_series(1, :wanted::int - (select count(*) from conversions)::int) n`,
    { wanted: CONVERSIONS },
  );
}

/** Gives a part of them a lead, spread over the window, and has them counted. */
async function openConversions(filling: Knex): Promise<void> {
  await filling.raw(
    `with opened as (
       select *, row_number() over () as n from (select * from conversions where conversion_id like 'x%' limit :open) c
     ), dated as materialized (
       select *, now() - interval '14 days' + n * interval '14 days' / :open as made_at from opened order by n
     ), led as (
       insert into leads (lead_id, last_seq, last_activity_at) select lead_id, 2, made_at from dated
     ), touched as (
       insert into lead_events (lead_id, seq, at, type, partner_id) select lead_id, 1, made_at, 'touch', 'ann' from dated
     )
     insert into lead_events (lead_id, seq, at, type, conversion_id, offer_id, advertiser_id)
     select lead_id, seq, made_at, 'conversion', conversion_id, offer_id, advertiser_id from dated`,
    { open: OPEN },
  );
  while (!(await countNext(filling, DAY_MS))?.isDone);
}

/** Ids of every kind, spread over the tables; and those that very many rows carry, or none. */
async function readIds(from: Knex): Promise<Record<string, string[]>> {
  const sample = async (column: string, table: string) => {
    const { rows } = await from.raw<{ rows: { id: string }[] }>(
      `select :column:::text as id from ${table} tablesample system_rows(:count) where :column: is not null limit :count`,
      { column, count: ROUNDS + WARM_UP },
    );
    return rows.map(({ id }) => id);
  };
  await from.raw('create extension if not exists tsm_system_rows');
  return {
    lead: await sample('lead_id', 'leads'),
    conversion: await sample('conversion_id', 'conversions'),
    postback: await sample('postback_id', 'postbacks'),
    partner: [data.partnerId],
    offer: [offerId],
    'status call': await sample('call_id', 'status_calls'),
    transaction: await sample('transaction_id', 'status_calls'),
    'transaction of thousands': ['same-for-many'],
    'ref_id of one visit': [data.rareRefId],
    'ref_id of very many visits': [data.commonRefId],
    'what nobody has': ['nothing-has-this-id'],
  };
}

/** @returns ms in the database, planning included */
async function searchFor(what: string, ids: string[]): Promise<number> {
  const times: number[] = [];
  for (let number = -WARM_UP; number < ROUNDS; number++) {
    const id = ids[(number + WARM_UP) % ids.length] ?? '';
    const { rows } = await db.raw<{ rows: Plan[] }>(`explain (analyze, format json) ${FIND_BY_ID}`, valuesFor(id));
    const [plan] = rows[0]?.['QUERY PLAN'] ?? [];
    if (!plan) throw new Error('Postgres told no plan.');
    if (number >= 0) times.push(plan['Planning Time'] + plan['Execution Time']);
  }
  return tell(`search by ${what}`, times);
}

/** @returns ms, from the request until the whole page is there */
async function openPage(path: string): Promise<number> {
  const times: number[] = [];
  for (let number = -WARM_UP; number < ROUNDS; number++) {
    const began = performance.now();
    const { status, text } = await visitor.get(path);
    if (number >= 0) times.push(performance.now() - began);
    if (status !== 200 || !/What happened|<h1>(Silence|Windows|Fraud)/.test(text))
      throw new Error(`${path} was answered with ${status}: ${text}`);
  }
  return tell(path, times);
}

function tell(what: string, times: number[]): number {
  const p99 = quantile(times, 0.99);
  console.log(`${what}: p50 ${median(times).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  return p99;
}
