import type { AttemptRow, ConversionFacts, ConversionRow, PostbackRow } from '../db/reports/conversion-facts.ts';
import type { StatusPrice } from '../db/reports/price-facts.ts';
import type { StatusEvent } from '../domain/lead-event.ts';
import { viewWonBy } from './event-view.ts';
import { viewFlag } from './flag-view.ts';
import { tellPrice } from './price-words.ts';
import type { Reading } from './reading.ts';
import { viewKeptCall } from './status-call-view.ts';

/**
 * One conversion with its statuses, its reward and its postbacks, as the story of its lead and its own show it.
 * @param facts of this conversion alone
 */
export function viewConversion(conversion: ConversionRow, facts: ConversionFacts, reading: Reading) {
  const { conversion_id, seq, created_at, status, status_at } = conversion;
  const { offer_id, offer_name, advertiser_id, advertiser_name } = conversion;
  const wonBy = reading.wonBy.get(conversion_id);
  const entries = facts.rewardEntries;
  return {
    conversion_id,
    seq,
    created_at,
    offer: { offer_id, name: offer_name },
    advertiser: { advertiser_id, name: advertiser_name },
    status,
    status_at,
    won_by: wonBy ? viewWonBy(wonBy) : null,
    statuses: facts.statuses.map((event) => viewStatus(event, conversion, facts)),
    // Duplicates, stale ones and refusals: kept, but no events of the lead.
    other_calls: facts.statusCalls.filter((call) => call.seq === null).map(viewKeptCall),
    reward: { entries, net: netOf(entries) },
    flags: facts.flags.map(viewFlag),
    postbacks: facts.postbacks.map((postback) => viewPostback(postback, facts.attempts, reading)),
  };
}

function viewStatus(event: StatusEvent, conversion: ConversionRow, facts: ConversionFacts) {
  const { seq, status, at, reason } = event;
  const price = facts.prices.find((candidate) => candidate.seq === seq);
  const call = facts.statusCalls.find((candidate) => candidate.seq === seq);
  const settlement = facts.settlements.find((row) => row.seq === seq);
  return {
    seq,
    status,
    at,
    reason,
    settled_with: settlement ? (settlement.partner_id ?? 'house') : null,
    settled_at: settlement?.settled_at ?? null,
    price: price && status !== 'rejected' ? viewPrice(price, conversion) : null,
    call: call ? viewKeptCall(call) : null,
  };
}

/** R13: a rejected conversion brings nothing, so nothing is said of what it would have brought. */
function viewPrice(price: StatusPrice, conversion: ConversionRow) {
  const { amount, currency, version, listId, tierFrom, counted, cap, capLimit, isReapproval } = price;
  return {
    amount,
    currency,
    version,
    price_list_id: listId,
    tier_from: tierFrom,
    counted,
    cap,
    cap_limit: capLimit,
    is_reapproval: isReapproval,
    why: tellPrice(price, subjectsOf(conversion)),
  };
}

/** How ops know whose approvals are counted. */
export function subjectsOf({ advertiser_id, advertiser_name, offer_id, offer_name }: ConversionRow) {
  return {
    advertiser: `advertiser ${advertiser_name ?? advertiser_id}`,
    offer: `offer ${offer_name ?? offer_id}`,
  };
}

function netOf(entries: { amount: number; currency: string }[]): { amount: number; currency: string } | null {
  const [first] = entries;
  // R13: the price of a conversion is fixed once, so all its entries have one currency.
  return first ? { amount: entries.reduce((sum, { amount }) => sum + amount, 0), currency: first.currency } : null;
}

function viewPostback(postback: PostbackRow, attempts: AttemptRow[], { refIdProblems }: Reading) {
  const { payout: amount, currency, partner_id, ...rest } = postback;
  return {
    ...rest,
    partner_id: partner_id ?? 'house',
    // R5: tells a visit without a ref_id from one whose ref_id could not be used.
    ref_id_problem: postback.skip_reason === 'no_ref_id' ? (refIdProblems.get(postback.seq) ?? null) : null,
    payout: { amount, currency },
    attempts: attempts.filter((attempt) => attempt.postback_id === postback.postback_id).map(viewAttempt),
  };
}

function viewAttempt({ attempt, kind, started_at, ended_at, outcome, duration_ms, error, ...call }: AttemptRow) {
  const { method, url, headers, body, http_status, location, response_body } = call;
  const request = { method, url, headers, body };
  const response = http_status === null ? null : { http_status, location, body: response_body };
  return { attempt, kind, started_at, ended_at, outcome, duration_ms, error, request, response };
}
