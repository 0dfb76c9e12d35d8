import type { StatusPrice } from '../db/reports/price-facts.ts';
import type {
  OwnRewardEntry,
  OwnStatus,
  OwnTouch,
  PartnerConversionFacts,
} from '../db/reports/partner-conversion-facts.ts';
import { formatMajorUnits } from '../domain/money.ts';
import { tellOutcome, tellRefIdProblem } from './code-words.ts';
import { tellPayouts } from './ledger-words.ts';
import { tellPrice } from './price-words.ts';
import { viewPartnerPostback } from './partner-postback.ts';

type Moment = { at: string; what: string };
type Postback = ReturnType<typeof viewPartnerPostback>;

/**
 * The partner's part of a conversion's story: its own visits, what it was told, why it won or lost, what it gets. It has no
 * numbers of events, because their gaps would tell of others.
 */
export function tellPartnerConversion({ conversion, ...facts }: PartnerConversionFacts) {
  const { touches, statuses, rewardEntries } = facts;
  const { reward: net, ...told } = conversion;
  const postbacks = facts.postbacks.map(viewPartnerPostback);
  return {
    ...told,
    why: explainOutcome(conversion, statuses, postbacks),
    price: facts.price && viewPrice(facts.price),
    reward: { net, entries: rewardEntries.map(viewEntry) },
    touches,
    statuses: statuses.map(({ status, at, reason }) => ({ status, at, reason })),
    postbacks,
    timeline: makeTimeline({ conversion, touches, statuses, rewardEntries, price: facts.price }, postbacks),
  };
}

function viewEntry({ kind, line, amount, currency, at, payout_id, payout_reference, paid_at }: OwnRewardEntry) {
  return { kind, line, amount, currency, at, payout_id, payout_reference, paid_at };
}

/**
 * R13. The tier and how many were approved overall are told, because prices follow them; whose those were is not, and
 * neither is the id of the list.
 */
function viewPrice(price: StatusPrice) {
  const { amount, currency, version, tierFrom, counted, cap } = price;
  return { amount, currency, version, tier_from: tierFrom, counted, cap, why: tellOwnPrice(price) };
}

function tellOwnPrice(price: StatusPrice): string {
  return tellPrice(price, { advertiser: 'this advertiser', offer: 'this offer' });
}

/** Why the partner won or lost, with the rules, and nothing of the other partner but that there is one. */
function explainOutcome(
  { outcome, status }: PartnerConversionFacts['conversion'],
  statuses: OwnStatus[],
  postbacks: Postback[],
): string {
  if (outcome === 'won') return explainWin(statuses);
  if (outcome === 'reattributed') {
    const isTold = postbacks.some((postback) => postback.is_handover);
    const handover = isTold ? ' You are told so by rejected with the reason reattributed (R14).' : '';
    return `reattributed: another partner's touch came after yours, so the lead, and with it this conversion, is linked to that partner (R3, R8).${handover}`;
  }
  const known =
    status === null ? 'The advertiser has not said anything yet that concerns you.' : `The last status is ${status}.`;
  return `The lead is linked to you. ${known} If approved comes while the lead is linked to you, you win (R3, R8).`;
}

function explainWin(statuses: OwnStatus[]): string {
  const approval = statuses.find(({ status }) => status === 'approved');
  const touch = approval?.touch_at ? ` by your touch of ${approval.touch_at}` : '';
  const won = `You won it: the lead was linked to you${touch} when approved was recorded at ${approval?.at} (R3, R8).`;
  return statuses.at(-1)?.status === 'rejected'
    ? `${won} The advertiser has corrected it to rejected since, so the reward is revoked; the conversion stays yours (R7, R8).`
    : won;
}

function makeTimeline(
  { conversion, touches, statuses, rewardEntries, price }: Omit<PartnerConversionFacts, 'postbacks'>,
  postbacks: Postback[],
): Moment[] {
  const moments: Moment[] = [
    ...touches.map(tellTouch),
    { at: conversion.created_at, what: `conversion: on the way to ${conversion.offer_name ?? conversion.offer_id}` },
    ...statuses.map(({ at, status, reason }) => ({ at, what: `${status}${reason === null ? '' : ` (${reason})`}` })),
    ...(price && (price.list ?? price.cap) ? [{ at: price.at, what: `price: ${tellOwnPrice(price)}` }] : []),
    ...rewardEntries.map(tellEntry),
    ...tellPayouts(rewardEntries),
    ...postbacks.flatMap(tellPostback),
  ];
  // A stable sort: within one millisecond, causes stay before their effects.
  return moments.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function tellEntry({ at, kind, line, amount, currency }: OwnRewardEntry): Moment {
  const after = line === 'correction' ? ', a correction after a payout' : '';
  return { at, what: `reward ${kind}: ${formatMajorUnits(amount, currency)} ${currency}${after}` };
}

function tellTouch({ at, ref_id: refId, ref_id_problem: problem }: OwnTouch): Moment {
  const unnamed = problem === null ? 'without a ref_id' : `with an unusable ref_id (${tellRefIdProblem(problem)})`;
  return { at, what: `touch ${refId === null ? unnamed : `with ref_id ${refId}`}` };
}

function tellPostback({ postback_id: id, status, created_at, ended_at, state, attempts }: Postback): Moment[] {
  const name = `postback ${id} (${status})`;
  if (state === 'skipped') return [{ at: created_at, what: `${name}: skipped` }];
  return [
    { at: created_at, what: `${name}: due` },
    ...attempts.map(({ started_at: at, attempt, outcome, response, error }) => ({
      at,
      what: `attempt ${attempt} of ${name}: ${tellOutcome(outcome, response?.http_status ?? null, error)}`,
    })),
    ...(ended_at === null ? [] : [{ at: ended_at, what: `${name}: ${state}` }]),
  ];
}
