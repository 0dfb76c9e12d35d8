import type { Balance } from '../../../src/db/ledger/balances.ts';
import type { PriceListRow } from '../../../src/db/prices/price-lists.ts';
import type { Entry, FileRow } from '../journal.ts';
import type { TrialNetwork } from '../network.ts';
import type { AttemptRow, CallRow, EventRow, Facts, ImportRow, PostbackRow } from './facts.ts';

// A small trial in which nothing is wrong.

const COUNTING = { counts: 'advertiser', period: 'day', timeZone: 'UTC' } as const;

export const network: TrialNetwork = {
  callerId: 'a',
  token: 't',
  exporterId: 'x',
  offers: [
    { ...{ offerId: 'o', advertiserId: 'a', currency: 'USD', beyond: 'pay_nothing' }, counting: COUNTING },
    { ...{ offerId: 'c', advertiserId: 'a', currency: 'USD', beyond: 'close_offer' }, counting: COUNTING },
  ],
  partnerIds: { plain: 'p1', another: 'p2' },
};
export const at = (seconds: number) => Date.UTC(2026, 0, 1) + seconds * 1000;
export const time = (seconds: number) => new Date(at(seconds)).toISOString();

/** Partner p1 brings a visitor who converts and is pending; partner p2 takes the lead over and wins the approval. */
function eventsOf(): EventRow[] {
  const event = { ...BLANK, lead_id: 'lead' };
  const status = { ...event, ...PAID, type: 'status' as const, conversion_id: 'c' };
  return [
    { ...event, seq: 1, type: 'touch', partner_id: 'p1', ref_id: 'r1' },
    { ...event, seq: 2, type: 'conversion', conversion_id: 'c' },
    { ...status, seq: 3, at: time(3), status: 'pending', price_counted: 0 },
    { ...event, seq: 4, type: 'touch', partner_id: 'p2', ref_id: 'r2' },
    { ...status, seq: 5, at: time(14), status: 'approved', price_counted: 0 },
  ];
}

/** One whom no partner brought: the second approval of all, by a file. */
function eventsByFile(): EventRow[] {
  const event = { ...BLANK, lead_id: 'by file', conversion_id: 'f' };
  return [
    { ...event, seq: 1, type: 'conversion' },
    { ...event, ...PAID, seq: 2, at: time(15), type: 'status', status: 'approved', ...SECOND_TIER },
  ];
}

const BLANK = {
  ...{ at: time(0), partner_id: null, ref_id: null, conversion_id: null, offer_id: null, status: null },
  ...{ advertiser_id: null, price_cap: null, price_cap_limit: null },
  ...{ price_amount: null, price_currency: null, price_list_id: null, price_tier_from: null, price_counted: null },
};
const PAID = {
  offer_id: 'o',
  advertiser_id: 'a',
  price_amount: 1250,
  price_currency: 'USD',
  price_list_id: 1,
  price_tier_from: 0,
};
const SECOND_TIER = { price_amount: 1500, price_tier_from: 1, price_counted: 1 };

function priceListsOf(): PriceListRow[] {
  const list = { offer_id: 'o', partner_id: null, currency: 'USD', time_zone: 'UTC', created_at: time(0) };
  const counting = { counts: 'advertiser' as const, period: 'day' as const };
  const tiers = () => [
    { from: 0, amount: 1250 },
    { from: 1, amount: 1500 },
  ];
  return [
    { ...list, ...counting, list_id: 1, version: 1, effective_from: time(0), tiers: tiers() },
    { ...list, ...counting, list_id: 2, version: 2, effective_from: time(60), tiers: [{ from: 0, amount: 9 }] },
  ];
}

export function rightFacts(): Facts {
  const settlement = { conversion_id: 'c', lead_id: 'lead' };
  const price = { payout: 1250, currency: 'USD', reason: null };
  const postback = { conversion_id: 'c', ...price, is_handover: false, skip_reason: null };
  const rows: PostbackRow[] = [
    { ...postback, postback_id: 'b1', seq: 3, partner_id: 'p1', ref_id: 'r1', status: 'pending', state: 'superseded' },
    { ...postback, postback_id: 'b2', seq: 5, partner_id: 'p2', ref_id: 'r2', status: 'approved', state: 'delivered' },
  ];
  const skipped: PostbackRow = {
    ...{ ...postback, payout: 1500, postback_id: 'b0', conversion_id: 'f', seq: 2, partner_id: null, ref_id: null },
    ...{ status: 'approved', state: 'skipped', skip_reason: 'house' },
  };
  return {
    eventsByLead: new Map([
      ['lead', eventsOf()],
      ['by file', eventsByFile()],
    ]),
    priceLists: priceListsOf(),
    balances: new Map([['p2', [balanceOf(1250)]]]),
    imports: new Map([['i', importOf()]]),
    calls: callsOf(),
    pulls: [],
    settlements: [
      { ...{ conversion_id: 'f', lead_id: 'by file', seq: 2 }, ...HOUSE },
      { ...settlement, seq: 3, status: 'pending', partner_id: 'p1', touch_seq: 1, reward: 'none', settled_at: time(4) },
      {
        ...settlement,
        seq: 5,
        status: 'approved',
        partner_id: 'p2',
        touch_seq: 4,
        reward: 'book',
        settled_at: time(15),
      },
    ],
    rewards: [{ conversion_id: 'c', seq: 5, partner_id: 'p2', kind: 'booked', amount: 1250, currency: 'USD' }],
    postbacks: [...rows, skipped],
    attempts: new Map([
      ['b1', [attemptOf('b1', 1, 10)]],
      ['b2', [delivered(attemptOf('b2', 1, 20))]],
    ]),
  };
}

function callsOf(): CallRow[] {
  const call = { call_id: 1, at: time(3), conversion_id: 'c', status: 'pending' as const, result: 'recorded' };
  const event = { lead_id: 'lead', seq: 3, import_id: null, row_number: null };
  const row = { import_id: 'i', conversion_id: 'f', status: 'approved' as const, at: time(15) };
  return [
    { ...call, ...event },
    { ...call, ...event, call_id: 2, at: time(14), status: 'approved', seq: 5 },
    { ...row, call_id: 3, row_number: 1, result: 'recorded', lead_id: 'by file', seq: 2 },
    { ...row, call_id: 4, row_number: 2, result: 'duplicate', lead_id: null, seq: null },
  ];
}

const HOUSE = {
  settled_at: time(16),
  status: 'approved' as const,
  partner_id: null,
  touch_seq: null,
  reward: 'none' as const,
};

function balanceOf(total: number): Balance {
  return { currency: 'USD', open: total, open_lines: 1, open_from: null, paid: 0, payouts: 0, total };
}

function importOf(): ImportRow {
  const counts = { rows: 3, done_rows: 3, recorded: 1, duplicate: 1, stale: 0, ignored: 0, refused: 1 };
  return { import_id: 'i', state: 'done', ...counts };
}

export function attemptOf(postback_id: string, attempt: number, seconds: number): AttemptRow {
  const times = { started_at: time(seconds), ended_at: time(seconds + 0.1) };
  return { postback_id, attempt, ...times, outcome: 'refused', http_status: 500, error: null };
}

export function delivered(attempt: AttemptRow): AttemptRow {
  return { ...attempt, outcome: 'delivered', http_status: 200 };
}

export function rightEntries(): Entry[] {
  const touch = (partnerId: string, refId: string) => ({ partnerId, refId });
  const click = { type: 'click' as const, leadId: 'lead' };
  const status = { conversionId: 'c', result: 'recorded' as const };
  return [
    { ...click, at: at(1), touch: touch('p1', 'r1'), conversionId: 'c' },
    { at: at(2), type: 'asked', conversionId: 'c', status: 'pending' },
    { ...status, at: at(3), type: 'status', status: 'pending' },
    ...arrival('first', 'b1', 10.02, 500),
    { ...click, at: at(12), touch: touch('p2', 'r2'), conversionId: null },
    { at: at(13), type: 'asked', conversionId: 'c', status: 'approved' },
    { ...status, at: at(14), type: 'status', status: 'approved' },
    { at: at(15), type: 'file', importId: 'i', rows: 3, known: [fileRow(1), fileRow(2)] },
    ...arrival('second', 'b2', 20.02, 200),
  ];
}

function fileRow(row: number): FileRow {
  return { row, conversionId: 'f', status: 'approved' };
}

export function arrival(call: string, postbackId: 'b1' | 'b2', seconds: number, answer: number): Entry[] {
  const status = postbackId === 'b1' ? 'pending' : 'approved';
  return [
    { at: at(seconds), type: 'received', call, postbackId, conversionId: 'c', status },
    { at: at(seconds + 0.03), type: 'answered', call, with: answer },
  ];
}
