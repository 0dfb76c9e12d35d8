import { dateIn } from '../../support/time-zones.ts';
import type { Cap, Journal } from '../journal.ts';
import type { TrialNetwork, TrialOffer } from '../network.ts';
import type { EventRow, Facts } from './facts.ts';
import type { Finding } from './findings.ts';
import { findFirstApprovals } from './prices.ts';

/** A cap of an offer: it may hold when it is asked for, and does when that is answered, if it is. Epoch milliseconds. */
export type SetCap = { cap: Cap; askedAt: number; answeredAt: number | undefined };

/** A first approval, and the day on which it was counted. */
export type CountedApproval = EventRow & { day: string };

// The clock of the trial is that of Postgres, but for what is cut off.
const ROUNDING_MS = 20;

/** Beyond a cap that pays nothing further conversions are worth nothing; nowhere else does a cap say so. */
export function recountCaps(journal: Journal, facts: Facts, network: TrialNetwork): Finding {
  const approvals = countedApprovals(facts, network);
  const offers = new Map(network.offers.map((offer) => [offer.offerId, offer]));
  const statuses = [...facts.eventsByLead.values()].flatMap(withoutReapprovals);
  const wrong = statuses.flatMap((event) => {
    const offer = offers.get(event.offer_id ?? '');
    const allowed =
      offer?.beyond === 'pay_nothing' ? allowedVerdicts(event, { offer, approvals, journal }) : ['no cap'];
    const is = verdict(event.price_cap, event.price_cap_limit);
    const { status, conversion_id, at } = event;
    return allowed.includes(is) ? [] : [`${status} of ${conversion_id} at ${at}: ${is}, not ${allowed.join(' or ')}`];
  });
  return { what: 'statuses worth something up to the cap of their offer', counted: statuses.length, wrong };
}

/** One that comes again keeps what it was worth at first. */
function withoutReapprovals(events: EventRow[]): EventRow[] {
  const firsts = new Set(findFirstApprovals(events));
  return events.filter((event) => event.type === 'status' && (event.status !== 'approved' || firsts.has(event)));
}

type Asked = { offer: TrialOffer; approvals: CountedApproval[]; journal: Journal };

/** More than one while a cap is being changed. */
function allowedVerdicts(event: EventRow, { offer, approvals, journal }: Asked): string[] {
  const today = dateIn(offer.counting.timeZone, event.at);
  const before = approvals.filter(
    ({ offer_id, day, price_counted }) =>
      offer_id === offer.offerId &&
      (day < today || (day === today && (price_counted ?? 0) < (event.price_counted ?? 0))),
  );
  const ofDay = before.filter(({ day }) => day === today).length;
  return capsAt(capsOf(journal, offer.offerId), Date.parse(event.at)).map((cap) => {
    if (cap !== null && cap.total !== null && before.length >= cap.total) return verdict('cap_total', cap.total);
    return cap !== null && cap.day !== null && ofDay >= cap.day ? verdict('cap_day', cap.day) : 'no cap';
  });
}

function verdict(cap: string | null, limit: number | null): string {
  return cap === null ? 'no cap' : `${cap} of ${limit}`;
}

/** The caps that may have held at a moment; null: none. */
function capsAt(caps: SetCap[], at: number): (Cap | null)[] {
  const sure = caps.findLastIndex(({ answeredAt }) => answeredAt !== undefined && answeredAt < at - ROUNDING_MS);
  const possible = caps.filter(({ askedAt }, index) => index >= sure && askedAt <= at + ROUNDING_MS);
  return [...(sure < 0 ? [null] : []), ...possible.map(({ cap }) => cap)];
}

/** Those that ops gave an offer, one after the other. */
export function capsOf(journal: Journal, offerId: string): SetCap[] {
  const caps: SetCap[] = [];
  for (const entry of journal.entries) {
    if (entry.type === 'capping' && entry.offerId === offerId) {
      caps.push({ cap: entry.cap, askedAt: entry.at, answeredAt: undefined });
    }
    const last = caps.at(-1);
    if (last && entry.type === 'capped' && entry.offerId === offerId) last.answeredAt = entry.at;
  }
  return caps;
}

/** First approvals of the advertiser whose offers have caps, in their order: all of them are numbered together, day by day. */
export function countedApprovals({ eventsByLead }: Facts, { callerId, offers }: TrialNetwork): CountedApproval[] {
  const timeZone = offers.find(({ advertiserId }) => advertiserId === callerId)?.counting.timeZone ?? 'UTC';
  return [...eventsByLead.values()]
    .flatMap(findFirstApprovals)
    .filter(({ advertiser_id }) => advertiser_id === callerId)
    .map((event) => ({ ...event, day: dateIn(timeZone, event.at) }))
    .sort((a, b) => a.day.localeCompare(b.day) || (a.price_counted ?? 0) - (b.price_counted ?? 0));
}
