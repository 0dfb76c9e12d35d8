import { entriesOf, type Journal } from '../journal.ts';
import type { TrialNetwork } from '../network.ts';
import { capsOf, countedApprovals, type CountedApproval, type SetCap } from './caps.ts';
import type { Facts } from './facts.ts';
import type { Finding } from './findings.ts';

/** When an offer was closed, at the longest and at the shortest. Epoch milliseconds. */
type Closed = { from: { earliest: number; latest: number }; to: { earliest: number; latest: number } };

// An api looks every second whether the catalogue has changed; on a busy machine, or while Postgres is away, it takes longer.
const NOTICED_MS = 20_000;

/** An offer whose cap is used up is taken from links, until there is room again. */
export function recountClosedOffers(journal: Journal, facts: Facts, network: TrialNetwork): Finding[] {
  const approvals = countedApprovals(facts, network);
  const closedTimes = new Map(
    network.offers
      .filter(({ beyond }) => beyond === 'close_offer')
      .map(({ offerId }) => [offerId, findClosedTimes(capsOf(journal, offerId), approvalsOf(offerId, approvals))]),
  );
  const refused = entriesOf(journal, 'closed');
  const refusedOpen = refused.filter(
    ({ offerId, at }) =>
      !closedTimes.get(offerId)?.some(({ from, to }) => at >= from.earliest && at <= to.latest + NOTICED_MS),
  );
  const conversions = [...facts.eventsByLead.values()].flat().filter(({ type }) => type === 'conversion');
  const takenClosed = conversions.filter(({ offer_id, at }) =>
    closedTimes
      .get(offer_id ?? '')
      ?.some(({ from, to }) => Date.parse(at) > from.latest + NOTICED_MS && Date.parse(at) < to.earliest),
  );
  return [
    {
      what: 'visitors sent away from an offer, each while it was closed',
      counted: refused.length,
      wrong: refusedOpen.map(({ offerId, at }) => `${offerId} at ${new Date(at).toISOString()}`),
    },
    {
      what: 'conversions, none of an offer that had been closed for long',
      counted: conversions.length,
      wrong: takenClosed.map(({ conversion_id, offer_id, at }) => `${conversion_id} of ${offer_id} at ${at}`),
    },
  ];
}

function approvalsOf(offerId: string, approvals: CountedApproval[]): CountedApproval[] {
  return approvals.filter(({ offer_id }) => offer_id === offerId);
}

/** Each cap closes the offer with the last approval that it allows, until ops give it another one. */
function findClosedTimes(caps: SetCap[], approvals: CountedApproval[]): Closed[] {
  return caps.flatMap(({ cap, askedAt, answeredAt }, index) => {
    const last = approvals[(cap.total ?? Infinity) - 1];
    if (!last) return [];
    const next = caps[index + 1];
    const from = {
      earliest: Math.max(askedAt, Date.parse(last.at)),
      latest: Math.max(answeredAt ?? Infinity, Date.parse(last.at)),
    };
    const to = { earliest: next?.askedAt ?? Infinity, latest: next?.answeredAt ?? Infinity };
    return from.earliest <= to.latest ? [{ from, to }] : [];
  });
}
