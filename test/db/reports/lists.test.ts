import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createSettlementActivities } from '../../../activities/settlement.ts';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import { connectDb } from '../../../src/db/connect.ts';
import { createOffer } from '../../../src/db/offers.ts';
import { listConversions, type ConversionQuery } from '../../../src/db/reports/conversion-list.ts';
import { listLeads, type LeadQuery } from '../../../src/db/reports/lead-list.ts';
import { listPostbacks, type PostbackQuery } from '../../../src/db/reports/postback-list.ts';
import { newConversionId } from '../../../src/new-ids.ts';
import { latestSettlement } from '../../activities/settling.ts';
import { createTestDatabase } from '../../support/database.ts';
import { assertFields } from '../../support/fields.ts';
import { makeHotLead } from '../../support/leads/hot-lead.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { settingsFor } from '../../support/postback-settings.ts';

const WINDOW_MS = 14 * 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

describe('a list', () => {
  let network: Network;
  let db: Knex;
  let url: string;
  let first: string;
  let second: string;

  beforeEach(async () => {
    const database = await createTestDatabase();
    network = await createNetwork(database);
    ({ db, url } = database);
    const settings = settingsFor('https://t.example/?c={ref_id}');
    [first, second] = [await network.partner(settings), await network.partner(settings)];
  });

  afterEach(() => network.close());

  const leads = async (query: Partial<LeadQuery> = {}) =>
    (await listLeads(db, { limit: 50, ...query }, WINDOW_MS)).rows;
  const conversions = async (query: Partial<ConversionQuery> = {}) =>
    (await listConversions(db, { limit: 50, ...query })).rows;
  const postbacks = async (query: Partial<PostbackQuery> = {}) =>
    (await listPostbacks(db, { limit: 50, ...query })).rows;

  const idsOfLeads = async (query: Partial<LeadQuery> = {}) => (await leads(query)).map((row) => row.lead_id);
  const idsOfConversions = async (query: Partial<ConversionQuery> = {}) =>
    (await conversions(query)).map((row) => row.conversion_id);
  const conversionsOfPostbacks = async (query: Partial<PostbackQuery> = {}) =>
    (await postbacks(query)).map((row) => row.conversion_id);

  async function reportAndSettle(lead: { leadId: string; conversionId: string }, word: string): Promise<void> {
    await network.report(lead.conversionId, word);
    await createSettlementActivities({ db }).settle({
      leadId: lead.leadId,
      maxAttempts: 3,
      settlement: await latestSettlement(db, lead.leadId),
    });
  }

  /** An offer of another advertiser, and a conversion to it. */
  async function convertElsewhere(leadId: string) {
    const { advertiser } = await createAdvertiser(db, { name: 'Shop' });
    const advertiserId = advertiser.advertiser_id;
    const url = 'https://shop.example/?c={conversion_id}';
    const reward = { amount: 100, currency: 'EUR' };
    const { offer_id: offerId } = await createOffer(db, { advertiser_id: advertiserId, name: 'Lamp', url, reward });
    const conversionId = newConversionId();
    await network.clicks.record({ leadId, touch: null, conversion: { conversionId, offerId, advertiserId } });
    return { conversionId, offerId, advertiserId };
  }

  /** The same, some hours earlier: its facts and its ids are those of then. */
  async function moveToThePast(table: string, id: string, ids: string[], hours: number[]): Promise<string[]> {
    return await Promise.all(
      ids.map(async (old, index) => {
        const time = Date.now() - (hours[index] ?? 0) * HOUR_MS;
        const moved = time.toString(36).padStart(9, '0') + old.slice(9);
        const created_at = new Date(time).toISOString();
        await db(table)
          .where({ [id]: old })
          .update({ [id]: moved, created_at });
        return moved;
      }),
    );
  }

  describe('of leads', () => {
    it('tells of each what is needed to open its story', async () => {
      const { leadId } = await network.aLead(first);
      const [lead, ...others] = await leads();
      assert.deepEqual(others, []);
      assert.ok(lead);
      const { created_at, open_until, ...rest } = lead;
      assert.match(created_at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      const touched = Date.parse(open_until) - WINDOW_MS;
      assert.ok(touched >= Date.parse(created_at) && touched < Date.parse(created_at) + HOUR_MS);
      assert.deepEqual(rest, { lead_id: leadId, linked_partner: first, status: 'open', events: 2 });
    });

    it('comes in pages that miss and repeat nothing, the newest first', async () => {
      const made: string[] = [];
      for (let count = 0; count < 5; count++) made.unshift((await network.aLead(first)).leadId);
      const sorted = made.toSorted().toReversed();
      for (const filter of [{}, { partner_id: first }, { ref_id: 'click-1' }, { status: 'open' as const }]) {
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await listLeads(db, { limit: 2, cursor, ...filter }, WINDOW_MS);
          seen.push(...page.rows.map((row) => row.lead_id));
          cursor = page.next ?? undefined;
        } while (cursor !== undefined);
        assert.deepEqual(seen, sorted, JSON.stringify(filter));
      }
    });

    it('R3, R4: knows by the linked partner, who may be the house', async () => {
      const kept = await network.aLead(first);
      const lost = await network.aLead(first);
      await network.touch(lost.leadId, second, 'click-2');
      const { leadId: nobodys } = await network.aLead(null);
      assert.deepEqual(await idsOfLeads({ partner_id: first }), [kept.leadId]);
      assert.deepEqual(await idsOfLeads({ partner_id: second }), [lost.leadId]);
      assert.deepEqual(await idsOfLeads({ partner_id: 'house' }), [nobodys]);
      assert.deepEqual(await idsOfLeads({ partner_id: 'nobody' }), []);
    });

    it('finds a lead by the ref_id of any of its touches, once', async () => {
      const { leadId } = await network.aLead(first, 'mine');
      await network.touch(leadId, first, 'mine');
      await network.touch(leadId, second, 'theirs');
      await network.aLead(first, 'other');
      assert.deepEqual(await idsOfLeads({ ref_id: 'mine' }), [leadId]);
      assert.deepEqual(await idsOfLeads({ ref_id: 'theirs' }), [leadId]);
      assert.deepEqual(await idsOfLeads({ ref_id: 'mine', partner_id: second }), [leadId]);
      assert.deepEqual(await idsOfLeads({ ref_id: 'Mine' }), []);
    });

    it('finds leads by what they took up', async () => {
      const { leadId } = await network.aLead(first);
      const { leadId: elsewhere } = await network.aLead(first);
      const { offerId, advertiserId } = await convertElsewhere(elsewhere);
      assert.deepEqual(await idsOfLeads({ offer_id: offerId }), [elsewhere]);
      assert.deepEqual(await idsOfLeads({ advertiser_id: advertiserId }), [elsewhere]);
      const ofBank = await idsOfLeads({ advertiser_id: network.advertiserId });
      assert.deepEqual(ofBank.toSorted(), [leadId, elsewhere].toSorted());
      assert.deepEqual(await idsOfLeads({ advertiser_id: network.advertiserId, offer_id: offerId }), []);
    });

    it('R9: names the last status, and without one whether the window is over', async () => {
      const open = await network.aLead(first);
      const approved = await network.aLead(first);
      await network.report(approved.conversionId, 'pending');
      await network.report(approved.conversionId, 'approved');
      const over = await network.aLead(first);
      const [expired] = await moveToThePast('leads', 'lead_id', [over.leadId], [15 * 24]);
      await db('leads')
        .where({ lead_id: expired })
        .update({ last_activity_at: db.ref('created_at') });
      assert.deepEqual(await idsOfLeads({ status: 'open' }), [open.leadId]);
      assert.deepEqual(await idsOfLeads({ status: 'approved' }), [approved.leadId]);
      assert.deepEqual(await idsOfLeads({ status: 'expired' }), [expired]);
      assert.deepEqual(await idsOfLeads({ status: 'pending' }), []);
    });

    it('takes from as the first moment and to as the first that is too late', async () => {
      const made = [await network.aLead(null), await network.aLead(null), await network.aLead(null)];
      const ids = made.map(({ leadId }) => leadId);
      const [a, b, c] = (await moveToThePast('leads', 'lead_id', ids, [3, 2, 1])) as [string, string, string];
      const times = new Map((await leads()).map((row) => [row.lead_id, row.created_at]));
      assert.deepEqual(await idsOfLeads({ from: times.get(b) }), [c, b]);
      assert.deepEqual(await idsOfLeads({ to: times.get(b) }), [a]);
      assert.deepEqual(await idsOfLeads({ from: times.get(a), to: times.get(c) }), [b, a]);
    });
  });

  describe('of conversions', () => {
    it('tells of each what is needed to open its story', async () => {
      const lead = await network.aLead(first);
      const common = { conversion_id: lead.conversionId, lead_id: lead.leadId, partner_id: first };
      const offer = { offer_id: network.offerId, advertiser_id: network.advertiserId };
      const [before] = await conversions();
      assertFields(before, { ...common, ...offer, status: null, status_at: null, reward: null });
      await reportAndSettle(lead, 'approved');
      const [after] = await conversions();
      assertFields(after, { ...common, status: 'approved', reward: { amount: 1250, currency: 'USD' } });
      await reportAndSettle(lead, 'rejected');
      assertFields((await conversions())[0], { status: 'rejected', reward: { amount: 0, currency: 'USD' } });
    });

    it('comes in pages that miss and repeat nothing, the newest first', async () => {
      const { leadId } = await network.aLead(first);
      for (let count = 0; count < 4; count++) await network.convert(leadId);
      const { advertiserId: advertiser_id, offerId: offer_id } = network;
      const sorted = (await idsOfConversions()).toSorted().toReversed();
      assert.equal(sorted.length, 5);
      for (const filter of [{}, { offer_id }, { advertiser_id }, { ref_id: 'click-1' }, { status: 'none' as const }]) {
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await listConversions(db, { limit: 2, cursor, ...filter });
          seen.push(...page.rows.map((row) => row.conversion_id));
          cursor = page.next ?? undefined;
        } while (cursor !== undefined);
        assert.deepEqual(seen, sorted, JSON.stringify(filter));
      }
    });

    it('R8: knows by who has won it, before that by the linked partner', async () => {
      const lead = await network.aLead(first);
      const ofNobody = await network.aLead(null);
      assert.deepEqual(await idsOfConversions({ partner_id: first }), [lead.conversionId]);
      await reportAndSettle(lead, 'pending');
      await network.touch(lead.leadId, second, 'click-2');
      assert.deepEqual(await idsOfConversions({ partner_id: second }), [lead.conversionId]);
      await reportAndSettle(lead, 'approved');
      await network.touch(lead.leadId, first, 'click-3');
      assert.deepEqual(await idsOfConversions({ partner_id: second }), [lead.conversionId]);
      assert.deepEqual(await idsOfConversions({ partner_id: first }), []);
      await reportAndSettle(ofNobody, 'approved');
      await network.touch(ofNobody.leadId, first, 'click-4');
      assert.deepEqual(await idsOfConversions({ partner_id: 'house' }), [ofNobody.conversionId]);
    });

    it('finds conversions by ref_id, offer, advertiser and status', async () => {
      const { leadId, conversionId } = await network.aLead(first, 'mine');
      const elsewhere = await convertElsewhere((await network.aLead(null)).leadId);
      await network.touch(leadId, first, 'again');
      await network.report(conversionId, 'pending');
      for (const ref_id of ['mine', 'again']) assert.deepEqual(await idsOfConversions({ ref_id }), [conversionId]);
      assert.deepEqual(await idsOfConversions({ ref_id: 'theirs' }), []);
      assert.deepEqual(await idsOfConversions({ offer_id: elsewhere.offerId }), [elsewhere.conversionId]);
      assert.deepEqual(await idsOfConversions({ advertiser_id: elsewhere.advertiserId }), [elsewhere.conversionId]);
      assert.deepEqual(await idsOfConversions({ status: 'pending' }), [conversionId]);
      assert.deepEqual(await idsOfConversions({ status: 'pending', ref_id: 'mine' }), [conversionId]);
      assert.deepEqual(await idsOfConversions({ status: 'none', offer_id: elsewhere.offerId }), [
        elsewhere.conversionId,
      ]);
      assert.equal((await idsOfConversions({ status: 'none' })).length, 2);
      assert.deepEqual(await idsOfConversions({ status: 'approved' }), []);
    });

    it('takes from as the first moment and to as the first that is too late', async () => {
      const { leadId } = await network.aLead(null);
      await network.convert(leadId);
      const ids = await idsOfConversions();
      const [a, b] = (await moveToThePast('conversions', 'conversion_id', ids, [2, 1])) as [string, string];
      const times = new Map((await conversions()).map((row) => [row.conversion_id, row.created_at]));
      assert.deepEqual(await idsOfConversions({ from: times.get(b) }), [b]);
      assert.deepEqual(await idsOfConversions({ to: times.get(b) }), [a]);
      assert.deepEqual(await idsOfConversions({ from: times.get(b), to: times.get(b) }), []);
    });

    it('is read in time where one lead has thousands of them', async () => {
      const counts = { touches: 20_000, conversions: 10_000, approved: 300 };
      await makeHotLead(network, first, counts);
      // As in production: Postgres ends what takes longer.
      const impatient = connectDb({ url, poolSize: 1, statementTimeoutMs: 5000 });
      for (const filter of [{ partner_id: first }, { partner_id: second }, { ref_id: 'first' }, {}]) {
        await listConversions(impatient, { ...filter, limit: 200 });
      }
      await impatient.destroy();
    });
  });

  describe('of postbacks', () => {
    it('tells of each what is needed to open its story', async () => {
      const lead = await network.aLead(first, 'mine');
      await reportAndSettle(lead, 'approved');
      const [postback, ...others] = await postbacks();
      assert.deepEqual(others, []);
      assertFields(postback, {
        ...{ conversion_id: lead.conversionId, lead_id: lead.leadId, partner_id: first, offer_id: network.offerId },
        ...{ ref_id: 'mine', status: 'approved', reason: null, seq: 3, is_handover: false },
        ...{ payout: { amount: 1250, currency: 'USD' }, state: 'scheduled', skip_reason: null, attempts: 0 },
        ...{ next_attempt_at: null, ended_at: null },
      });
    });

    it('comes in pages that miss and repeat nothing, also of one microsecond, the newest first', async () => {
      for (let count = 0; count < 5; count++) await reportAndSettle(await network.aLead(first), 'approved');
      await db('postbacks').update({ created_at: '2026-01-01T00:00:00.123456Z' });
      await reportAndSettle(await network.aLead(first), 'pending');
      await reportAndSettle(await network.aLead(first), 'rejected');
      const sorted = (await postbacks()).map((row) => row.postback_id);
      assert.equal(sorted.length, 7);
      const { offerId: offer_id, advertiserId: advertiser_id } = network;
      for (const filter of [{}, { partner_id: first }, { ref_id: 'click-1' }, { offer_id }, { advertiser_id }]) {
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await listPostbacks(db, { limit: 2, cursor, ...filter });
          seen.push(...page.rows.map((row) => row.postback_id));
          cursor = page.next ?? undefined;
        } while (cursor !== undefined);
        assert.deepEqual(seen, sorted, JSON.stringify(filter));
      }
    });

    it('finds them by each filter, and by several at once', async () => {
      const mine = await network.aLead(first, 'same');
      const theirs = await network.aLead(second, 'same');
      const nobodys = await network.aLead(null);
      await reportAndSettle(mine, 'pending');
      await reportAndSettle(theirs, 'approved');
      await reportAndSettle(nobodys, 'rejected');
      const [ofMine, ofTheirs, ofNobody] = [[mine.conversionId], [theirs.conversionId], [nobodys.conversionId]];
      assert.deepEqual(await conversionsOfPostbacks({ partner_id: first }), ofMine);
      assert.deepEqual(await conversionsOfPostbacks({ partner_id: 'house' }), ofNobody);
      assert.deepEqual(await conversionsOfPostbacks({ ref_id: 'same' }), [...ofTheirs, ...ofMine]);
      assert.deepEqual(await conversionsOfPostbacks({ ref_id: 'same', partner_id: second }), ofTheirs);
      assert.deepEqual(await conversionsOfPostbacks({ ref_id: 'same', partner_id: 'house' }), []);
      assert.deepEqual(await conversionsOfPostbacks({ ref_id: 'same', status: 'pending' }), ofMine);
      assert.deepEqual(await conversionsOfPostbacks({ conversion_id: mine.conversionId }), ofMine);
      assert.deepEqual(await conversionsOfPostbacks({ conversion_id: mine.conversionId, partner_id: second }), []);
      assert.deepEqual(await conversionsOfPostbacks({ state: 'skipped' }), ofNobody);
      assert.deepEqual(await conversionsOfPostbacks({ status: 'approved' }), ofTheirs);
      assert.deepEqual(await conversionsOfPostbacks({ state: 'scheduled', status: 'pending' }), ofMine);
      assert.equal((await postbacks({ offer_id: network.offerId })).length, 3);
      assert.deepEqual(
        await conversionsOfPostbacks({ advertiser_id: network.advertiserId, partner_id: first }),
        ofMine,
      );
      assert.deepEqual(await conversionsOfPostbacks({ advertiser_id: 'nobody' }), []);
    });

    it('takes from as the first moment and to as the first that is too late', async () => {
      const leadsMade = [await network.aLead(first), await network.aLead(first)] as const;
      for (const lead of leadsMade) await reportAndSettle(lead, 'pending');
      const [older, newer] = leadsMade;
      const moment = '2026-01-01T00:00:00.000Z';
      await db('postbacks').where({ conversion_id: older.conversionId }).update({ created_at: moment });
      assert.deepEqual(await conversionsOfPostbacks({ to: moment }), []);
      assert.deepEqual(await conversionsOfPostbacks({ from: moment }), [newer.conversionId, older.conversionId]);
      assert.deepEqual(await conversionsOfPostbacks({ to: '2026-01-01T00:00:00.001Z' }), [older.conversionId]);
    });
  });
});
