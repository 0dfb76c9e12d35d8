import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { countNext, recountAll } from '../../../src/db/counting/counting.ts';
import { createOffer } from '../../../src/db/offers.ts';
import { listConversions } from '../../../src/db/reports/conversion-list.ts';
import { listLeads } from '../../../src/db/reports/lead-list.ts';
import type { Page } from '../../../src/db/reports/pages.ts';
import { listPartnerConversions } from '../../../src/db/reports/partner-conversions.ts';
import { listPostbacks } from '../../../src/db/reports/postback-list.ts';
import { beginOfId } from '../../../src/new-ids.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { plansOf, SCAN_OF_LARGE_TABLE } from '../../support/plans.ts';

const ROWS = 15_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const FIRST = Date.now() - 40 * DAY_MS;
const at = (number: number) => FIRST + Math.floor((number * 40 * DAY_MS) / ROWS);
const idOf = (number: number) => `${beginOfId(at(number))}x${number}`;

// One lead after the other, each with a touch, a conversion and, one in ten, a status with its postback.
const FILL = `
  create temporary table made as
    select n, id, time, case when n % 100 = 0 then :rare else :usual end as partner_id,
      case when n % 3 = 0 then 'campaign' else 'r' || n end as ref_id,
      case when n % 100 = 0 then :rareOffer else :offerId end as offer_id
    from unnest(:numbers::int[], :ids::text[], :times::timestamptz[]) as m (n, id, time);
  insert into leads (lead_id, last_seq, last_activity_at, created_at) select id, 2, time, time from made;
  insert into lead_events (lead_id, seq, at, type, partner_id, ref_id)
    select id, 1, time, 'touch', partner_id, ref_id from made;
  insert into lead_events (lead_id, seq, at, type, conversion_id, offer_id, advertiser_id)
    select id, 2, time, 'conversion', id, offer_id, :advertiserId from made;
  insert into lead_events (lead_id, seq, at, type, conversion_id, offer_id, advertiser_id, status)
    select id, 3, time, 'status', id, offer_id, :advertiserId, 'approved' from made where n % 10 = 0;
  insert into conversions (conversion_id, lead_id, seq, offer_id, advertiser_id, created_at, status)
    select id, id, 2, offer_id, :advertiserId, time, case when n % 10 = 0 then 'approved' end from made;
  insert into settlements (conversion_id, seq, lead_id, status, partner_id, reward)
    select id, 3, id, 'approved', partner_id, 'book' from made where n % 10 = 0;
  insert into postbacks (postback_id, conversion_id, seq, lead_id, partner_id, offer_id, ref_id, status, payout, currency,
                         event_at, created_at, state)
    select 'p' || n, id, 3, id, partner_id, offer_id, ref_id, case when n = 7 then 'rejected' else 'approved' end, 1, 'USD',
      time, time, case when n = 7 then 'failed' else 'delivered' end from made;
  insert into ledger_lines (conversion_id, seq, partner_id, kind, amount, currency, price_version)
    select id, 3, partner_id, 'reward', 1, 'USD', 1 from made where n % 10 = 0;
  insert into postback_attempts (postback_id, attempt, method, url) select 'p' || n, 1, 'GET', '' from made;
  drop table made;
  analyze`;

describe('the statements that lists are read by', function () {
  this.timeout(120_000);
  let network: Network;
  let db: Knex;
  let usual: string;
  let rare: string;
  let rareOffer: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    const { offerId, advertiserId } = network;
    [usual, rare] = [await network.partner(), await network.partner()];
    const reward = { amount: 1, currency: 'USD' };
    const url = 'https://bank.example/?c={conversion_id}';
    ({ offer_id: rareOffer } = await createOffer(db, { advertiser_id: advertiserId, name: 'Rare', url, reward }));
    const numbers = Array.from({ length: ROWS }, (_, index) => index);
    const values = {
      ...{ numbers, ids: numbers.map(idOf), times: numbers.map((number) => new Date(at(number)).toISOString()) },
      ...{ usual, rare, rareOffer, offerId, advertiserId },
    };
    // One connection, because the temporary table is its own.
    await db.transaction(async (trx) => {
      await trx.raw('set local statement_timeout = 0');
      for (const statement of FILL.split(';')) await trx.raw(statement, values);
    });
    await recountAll(db);
    while (!(await countNext(db, 10 * DAY_MS))?.isDone);
    await db.raw('analyze partner_conversions');
  });

  after(() => network.close());

  const from = new Date(at(ROWS / 2)).toISOString();
  const to = new Date(at(ROWS / 2) + DAY_MS).toISOString();
  const lists = {
    leads: {
      read: (query: object) => listLeads(db, { limit: 50, ...query }, 14 * DAY_MS),
      deep: idOf(300),
      filters: () => [
        ...[{}, { partner_id: usual }, { partner_id: rare }, { partner_id: 'house' }, { ref_id: 'r700' }],
        ...[{ ref_id: 'campaign' }, { advertiser_id: network.advertiserId }, { offer_id: rareOffer }],
        ...[{ status: 'open' }, { status: 'expired' }, { status: 'approved' }, { from, to }, { from }, { to }],
      ],
    },
    conversions: {
      read: (query: object) => listConversions(db, { limit: 50, ...query }),
      deep: idOf(300),
      filters: () => [
        ...[{}, { partner_id: usual }, { partner_id: rare }, { partner_id: 'house' }, { ref_id: 'r700' }],
        ...[{ ref_id: 'campaign' }, { advertiser_id: network.advertiserId }, { offer_id: rareOffer }],
        ...[{ status: 'approved' }, { status: 'rejected' }, { status: 'none' }, { from, to }, { from }, { to }],
        ...[{ offer_id: rareOffer, status: 'approved' }],
      ],
    },
    "a partner's conversions": {
      read: (query: object) => listPartnerConversions(db, { limit: 50, partnerId: usual, ...query }),
      deep: idOf(300),
      filters: () => [
        ...[{}, { partnerId: rare }, { ref_id: 'r700' }, { ref_id: 'campaign' }, { from, to }, { from }, { to }],
        ...[
          { status: 'approved' },
          { status: 'rejected' },
          { status: 'none' },
          { partnerId: rare, status: 'approved' },
        ],
      ],
    },
    postbacks: {
      read: (query: object) => listPostbacks(db, { limit: 50, ...query }),
      deep: `${at(300)}000 p300`,
      filters: () => [
        ...[{}, { partner_id: usual }, { partner_id: rare }, { partner_id: 'house' }, { ref_id: 'r700' }],
        ...[{ ref_id: 'campaign' }, { advertiser_id: network.advertiserId }, { offer_id: rareOffer }],
        ...[{ state: 'failed' }, { state: 'delivered' }, { status: 'rejected' }, { from, to }, { from }, { to }],
        ...[
          { conversion_id: idOf(9) },
          { partner_id: usual, state: 'failed' },
          { partner_id: usual, status: 'pending' },
        ],
        ...[
          { partner_id: usual, ref_id: 'campaign' },
          { partner_id: usual, from, to },
          { partner_id: usual, ref_id: 'campaign', state: 'failed' },
          { ref_id: 'campaign', status: 'rejected', from },
        ],
        ...[{ partner_id: usual, conversion_id: idOf(9) }],
      ],
    },
  };

  for (const [name, { read, deep, filters }] of Object.entries(lists)) {
    for (const [page, cursor] of [
      ['first', undefined],
      ['deep', deep],
    ] as const) {
      it(`scan no large table for the ${page} page of ${name}, by any filter`, async () => {
        for (const filter of filters()) {
          const query = { ...filter, ...(cursor !== undefined && { cursor }) };
          for (const plan of await plansOf(db, () => read(query))) {
            assert.doesNotMatch(plan, SCAN_OF_LARGE_TABLE, JSON.stringify(query));
          }
        }
      });
    }
  }

  /** Everything that a filter leads to, page by page. */
  async function readAll<Row>(read: (query: object) => Promise<Page<Row>>, filter: object): Promise<Row[]> {
    const rows: Row[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await read({ ...filter, limit: 200, ...(cursor !== undefined && { cursor }) });
      rows.push(...page.rows);
      cursor = page.next;
    }
    return rows;
  }

  const numbersWhere = (isWanted: (number: number) => boolean) =>
    Array.from({ length: ROWS }, (_, index) => ROWS - 1 - index).filter(isWanted);
  const numberIn = (id: string) => Number(id.slice(-6).replace(/^.*[a-z]/, ''));
  const isRare = (number: number) => number % 100 === 0;
  const isApproved = (number: number) => number % 10 === 0;
  const isOnTheDay = (number: number) => {
    const time = new Date(at(number)).toISOString();
    return time >= from && time < to;
  };

  it('find all of what is rare among leads, however far apart it lies', async () => {
    const { read } = lists.leads;
    for (const [filter, isWanted] of [
      [{ partner_id: rare }, isRare],
      [{ offer_id: rareOffer }, isRare],
      [{ partner_id: 'house' }, () => false],
      [{ status: 'rejected' }, () => false],
      [{ status: 'approved', partner_id: usual }, (number: number) => isApproved(number) && !isRare(number)],
      [{ from, to }, isOnTheDay],
    ] as const) {
      const found = await readAll(read, filter);
      assert.deepEqual(
        found.map(({ lead_id }) => numberIn(lead_id)),
        numbersWhere(isWanted),
        JSON.stringify(filter),
      );
    }
  });

  it('find all of what is rare among conversions, however far apart it lies', async () => {
    const { read } = lists.conversions;
    for (const [filter, isWanted] of [
      [{ partner_id: rare }, isRare],
      [{ offer_id: rareOffer }, isRare],
      [{ offer_id: rareOffer, status: 'none' }, () => false],
      [{ offer_id: rareOffer, status: 'approved' }, isRare],
      [{ advertiser_id: network.advertiserId, status: 'approved' }, isApproved],
      [{ ref_id: 'campaign', partner_id: rare }, (number: number) => isRare(number) && number % 3 === 0],
      [{ status: 'rejected' }, () => false],
      [{ from, to }, isOnTheDay],
    ] as const) {
      const found = await readAll(read, filter);
      assert.deepEqual(
        found.map(({ conversion_id }) => numberIn(conversion_id)),
        numbersWhere(isWanted),
        JSON.stringify(filter),
      );
    }
  });

  it("find all of what is rare among a partner's conversions, however far apart it lies", async () => {
    const { read } = lists["a partner's conversions"];
    for (const [filter, isWanted] of [
      [{ partnerId: rare }, isRare],
      [{ partnerId: rare, status: 'approved' }, isRare],
      [{ partnerId: rare, status: 'none' }, () => false],
      [{ partnerId: rare, ref_id: 'campaign' }, (number: number) => isRare(number) && number % 3 === 0],
      [{ status: 'approved' }, (number: number) => isApproved(number) && !isRare(number)],
      [{ status: 'none', from, to }, (number: number) => isOnTheDay(number) && !isApproved(number)],
    ] as const) {
      const found = await readAll(read, filter);
      assert.deepEqual(
        found.map(({ conversion_id }) => numberIn(conversion_id)),
        numbersWhere(isWanted),
        JSON.stringify(filter),
      );
    }
  });

  it('fill the page with what is rare among the postbacks of one ref_id', async () => {
    const { read } = lists.postbacks;
    const filter = { partner_id: usual, ref_id: 'campaign' };
    await db('postbacks').whereIn('postback_id', ['p3', 'p14901']).update({ state: 'failed' });
    try {
      const { rows, next } = await read({ ...filter, state: 'failed', limit: 2 });
      assert.deepEqual(
        rows.map(({ postback_id }) => postback_id),
        ['p14901', 'p3'],
      );
      assert.equal(next, null);
    } finally {
      await db('postbacks').whereIn('postback_id', ['p3', 'p14901']).update({ state: 'delivered' });
    }
  });

  it('find all of what is rare among postbacks, however far apart it lies', async () => {
    const { read } = lists.postbacks;
    for (const [filter, isWanted] of [
      [{ partner_id: rare }, isRare],
      [{ partner_id: usual, offer_id: rareOffer }, () => false],
      [
        { ref_id: 'campaign', advertiser_id: network.advertiserId, offer_id: rareOffer },
        (n: number) => isRare(n) && n % 3 === 0,
      ],
      [{ state: 'failed' }, (number: number) => number === 7],
      [{ from, to }, isOnTheDay],
    ] as const) {
      const found = await readAll(read, filter);
      assert.deepEqual(
        found.map(({ postback_id }) => numberIn(postback_id)),
        numbersWhere(isWanted),
        JSON.stringify(filter),
      );
    }
  });
});
