import type { PriceListRow } from '../../../src/db/prices/price-lists.ts';
import { dateIn } from '../../support/time-zones.ts';
import { entriesOf, type Journal } from '../journal.ts';
import { groupBy, type EventRow, type Facts } from './facts.ts';
import type { Finding } from './findings.ts';

/** R13: each status has the price that was valid at its time, and each first approval a number of its own in its period. */
export function recountPrices(journal: Journal, { priceLists, eventsByLead }: Facts): Finding[] {
  const made = entriesOf(journal, 'priced');
  const known = new Set(priceLists.map(({ list_id }) => list_id));
  const lost = made.filter(({ listId }) => !known.has(listId));
  const leads = [...eventsByLead.values()];
  const firsts = leads.flatMap(findFirstApprovals);
  return [
    {
      what: 'price lists that ops were told are made',
      counted: made.length,
      wrong: lost.map(({ listId, offerId }) => `list ${listId} of offer ${offerId} is lost`),
    },
    {
      what: 'statuses at the price that was valid at their time',
      counted: leads.flat().filter(({ type }) => type === 'status').length,
      wrong: leads.flatMap((events) => findWrongPrices(events, priceLists)),
    },
    { what: 'first approvals counted one by one', counted: firsts.length, wrong: findMiscounted(firsts, priceLists) },
  ];
}

/** Of the events of a lead, the first approval of each conversion. */
export function findFirstApprovals(events: EventRow[]): EventRow[] {
  const approvals = events.filter(({ type, status }) => type === 'status' && status === 'approved');
  return approvals.filter(
    ({ conversion_id }, index) => approvals.findIndex((other) => other.conversion_id === conversion_id) === index,
  );
}

function findWrongPrices(events: EventRow[], priceLists: PriceListRow[]): string[] {
  let holder: string | null = null;
  const firstPrices = new Map<string, string>();
  const wrong: string[] = [];
  for (const event of events) {
    if (event.type === 'touch') holder = event.partner_id;
    if (event.type !== 'status') continue;
    const id = event.conversion_id ?? '';
    const kept = event.status === 'approved' ? firstPrices.get(id) : undefined;
    const should = kept ?? describePrice(event, findList(event, holder, priceLists));
    const is = JSON.stringify([
      ...[event.price_list_id, event.price_tier_from, event.price_amount, event.price_currency],
      ...[event.price_cap, event.price_cap_limit],
    ]);
    if (event.status === 'approved') firstPrices.set(id, should);
    if (is !== should) wrong.push(`${event.status} of ${id} at ${event.at}: should be at ${should}, is at ${is}`);
  }
  return wrong;
}

/** The latest one of the partner that holds the lead, or else of those for all. */
function findList({ at, offer_id }: EventRow, holder: string | null, priceLists: PriceListRow[]) {
  const begun = priceLists.filter((list) => list.offer_id === offer_id && list.effective_from <= at);
  const own = begun.filter(({ partner_id }) => partner_id === holder && holder !== null);
  const lists = own.length > 0 ? own : begun.filter(({ partner_id }) => partner_id === null);
  return lists.sort((a, b) => a.version - b.version).at(-1);
}

/** Whether it is a cap that leaves it without a price is looked at elsewhere; an approval that comes again keeps that, too. */
function describePrice(
  { price_counted, price_cap, price_cap_limit }: EventRow,
  list: PriceListRow | undefined,
): string {
  const tier = list?.tiers.filter(({ from }) => from <= (price_counted ?? -1)).at(-1);
  const amount = price_cap === null ? tier?.amount : 0;
  return JSON.stringify([list?.list_id, tier?.from, amount, list?.currency, price_cap, price_cap_limit]);
}

/** All lists of an offer count the same, so that the numbers of each period begin with 0 and have no gaps. */
function findMiscounted(firsts: EventRow[], priceLists: PriceListRow[]): string[] {
  const lists = new Map(priceLists.map((list) => [list.list_id, list]));
  const periods = groupBy(firsts, (event) => periodOf(event, lists.get(event.price_list_id ?? -1)));
  return [...periods].flatMap(([period, approvals]) => {
    const counts = approvals.map(({ price_counted }) => price_counted ?? -1).sort((a, b) => a - b);
    return counts.flatMap((count, index) =>
      count === index ? [] : [`${period}: number ${index} was counted as ${count}`],
    );
  });
}

function periodOf({ at, offer_id, advertiser_id }: EventRow, list: PriceListRow | undefined): string {
  if (list === undefined) return `${offer_id} without a list`;
  const scope = list.counts === 'advertiser' ? advertiser_id : offer_id;
  return `${scope} ${list.period === 'all' ? 'ever' : dateIn(list.time_zone, at)}`;
}
