import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { beginSweep, endSweep, oweOverdue, readOverdue } from '../../../src/db/overdue.ts';
import {
  FIRST_LEAD,
  FIRST_STATUS,
  oweLeadsWithOpenPostbacks,
  oweLeadsWithUnsettledStatuses,
} from '../../../src/db/rebuild.ts';
import { listPriceLists } from '../../../src/db/prices/price-lists.ts';
import { readPartnerStats } from '../../../src/db/reports/partner-stats.ts';
import { listUnknownWords } from '../../../src/db/reports/unknown-words.ts';
import { makeHistory } from '../../../src/dev/demo/history/write-history.ts';
import { prepareDemo, type Demo } from '../../../src/dev/demo/prepare-demo.ts';
import { applyEvent, newLead, settlementFor, type Settlement } from '../../../src/domain/lead.ts';
import { readLeadEvents } from '../../../src/db/lead-events.ts';
import { createTestDatabase } from '../../support/database.ts';
import { settingsFor } from '../../support/postback-settings.ts';
import { temporaryFolder } from '../../support/servers.ts';

const rules = { attempts: 3, intervalMs: 300_000 };
const EVERY_END = [
  'delivered null',
  'failed null',
  'skipped no_ref_id',
  'skipped not_configured',
  'skipped status_off',
  'superseded null',
];
const grace = { postbackMs: 1, settlementMs: 1, importRowMs: 0 };

describe("the demo partner's past", () => {
  let db: Knex;
  let dataDir: string;
  const receiverUrl = 'http://127.0.0.1:3002';
  const prepare = (): Promise<Demo | null> => prepareDemo(db, { dataDir, receiverUrl, rules });
  const count = async (table: string, where = {}) => Number((await db(table).where(where).count())[0]?.['count']);

  before(async () => {
    ({ db } = await createTestDatabase());
    dataDir = temporaryFolder();
    await prepare();
  });
  after(() => db.destroy());

  it('shows each way in which a postback can end, with failed attempts of several kinds, at whatever hour it is', () => {
    for (let hour = 0; hour < 24; hour += 4) {
      const { postbacks, postback_attempts } = historyAt(Date.UTC(2026, 5, 3, hour));
      const own = postbacks.filter(({ partner_id }) => partner_id === 'demopartner');
      const states = own.map(({ state, skip_reason }) => `${String(state)} ${String(skip_reason)}`);
      assert.deepEqual([...new Set(states)].toSorted(), EVERY_END, `at ${hour}`);
      const statuses = new Set(postback_attempts.map(({ http_status }) => http_status));
      assert.deepEqual(statuses, new Set([200, 204, 503, null]), `at ${hour}`);
    }
  });

  it('shows in the figures', async () => {
    const { totals } = await readPartnerStats(db, { partner_id: 'demopartner', group_by: 'day', time_zone: 'UTC' });
    assert.equal(totals.touches, await count('lead_events', { type: 'touch', partner_id: 'demopartner' }));
    assert.equal(totals.approved, await count('settlements', { status: 'approved', partner_id: 'demopartner' }));
    assert.ok(totals.approved > 0);
  });

  it('leaves nothing to do: nothing is overdue, and no lead owes', async () => {
    assert.deepEqual(await readOverdue(db, grace), { postbacks: 0, settlements: 0 });
    assert.equal(await beginSweep(db, 1), true);
    assert.equal(await oweOverdue(db, grace, 1000), 0);
    await endSweep(db, grace);
    assert.equal((await oweLeadsWithOpenPostbacks(db, FIRST_LEAD, 1000)).owing, 0);
    assert.equal((await oweLeadsWithUnsettledStatuses(db, FIRST_STATUS, 1000)).owing, 0);
    assert.equal(await count('outbox'), 0);
  });

  it('is what the rules make of its events: who was told, and who earned what', async () => {
    const leads = await db('settlements').distinct<{ lead_id: string }[]>('lead_id');
    for (const { lead_id } of leads) {
      const settled = await db('settlements').where({ lead_id }).orderBy('seq');
      const expected = (await settlementsOf(db, lead_id)).map(({ seq, holder, reward }) => ({
        ...{ seq, reward, partner_id: holder?.partnerId ?? null, touch_seq: holder?.touchSeq ?? null },
      }));
      assert.deepEqual(
        settled.map(({ seq, reward, partner_id, touch_seq }: Record<string, unknown>) => ({
          seq,
          reward,
          partner_id,
          touch_seq,
        })),
        expected,
      );
    }
    assert.ok(leads.length > 40);
    assert.ok((await count('reward_entries', { partner_id: 'rival-media' })) > 0);
  });

  it('has an advertiser with words and a price list of its own, and a word of it that waits', async () => {
    const [offer] = await listPriceLists(db, 'home-insurance');
    assert.equal(offer?.state, 'current');
    const { rows } = await listUnknownWords(db, { limit: 10 });
    assert.deepEqual(
      rows.map(({ advertiser_id, word, count }) => ({ advertiser_id, word, count })),
      [{ advertiser_id: 'north-insurance', word: 'storno', count: 3 }],
    );
  });

  it('has ids as they are made, so that lists show the newest first', async () => {
    for (const [table, id] of [
      ['leads', 'lead_id'],
      ['conversions', 'conversion_id'],
    ] as const) {
      const ids = (await db(table).select<Record<string, string>[]>(id)).map((row) => row[id] ?? '');
      assert.deepEqual(
        ids.filter((each) => !/^0[0-9a-z]{23}$/.test(each)),
        [],
      );
    }
  });

  it('lies in the past, and numbers each lead without gaps', async () => {
    const { rows } = await db.raw<{ rows: { gaps: number; future: number; attempts: number }[] }>(
      `select (select count(*) from leads l where last_seq <> (select max(seq) from lead_events e where e.lead_id = l.lead_id)
                or last_seq <> (select count(*) from lead_events e where e.lead_id = l.lead_id))::int as gaps,
         (select count(*) from lead_events where at > now())::int as future,
         (select count(*) from postback_attempts where ended_at > now())::int as attempts`,
    );
    assert.deepEqual(rows, [{ gaps: 0, future: 0, attempts: 0 }]);
  });

  it('is written once', async () => {
    const events = await count('lead_events');
    const demo = await prepare();
    assert.equal(demo?.partnerId, 'demopartner');
    assert.equal(await count('lead_events'), events);
  });
});

/** What the rules make of the events of a lead. */
async function settlementsOf(db: Knex, leadId: string): Promise<Settlement[]> {
  const settled: Settlement[] = [];
  let lead = newLead();
  for (const event of await readLeadEvents(db, { leadId, afterSeq: 0, limit: 100 })) {
    if (event.type === 'status') settled.push(settlementFor(lead, event));
    lead = applyEvent(lead, event);
  }
  return settled;
}

function historyAt(now: number) {
  const cast = { partnerId: 'demopartner', rivalId: 'rival-media', advertiserId: 'demobank' };
  const offers = [{ offer_id: 'travel-card', reward: { amount: 1250, currency: 'USD' } }];
  const settings = settingsFor('http://127.0.0.1:3002/postback?click={ref_id}&status={status}');
  return makeHistory({ ...cast, now, offers, settings, rules });
}
