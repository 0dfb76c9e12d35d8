import type { PriceListRow } from '../../../src/db/prices/price-lists.ts';
import { entriesOf, type Journal } from '../journal.ts';
import type { EventRow, Facts } from './facts.ts';
import type { Finding } from './findings.ts';

/** R13: each status has the price that was valid at its time, and each first approval a number of its own. */
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
    { what: 'first approvals counted one by one', counted: firsts.length, wrong: findMiscounted(firsts) },
  ];
}

function findFirstApprovals(events: EventRow[]): EventRow[] {
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
    const is = JSON.stringify([event.price_list_id, event.price_tier_from, event.price_amount, event.price_currency]);
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

function describePrice({ price_counted }: EventRow, list: PriceListRow | undefined): string {
  const tier = list?.tiers.filter(({ from }) => from <= (price_counted ?? -1)).at(-1);
  return JSON.stringify([list?.list_id, tier?.from, tier?.amount, list?.currency]);
}

function findMiscounted(firsts: EventRow[]): string[] {
  const counts = firsts.map(({ price_counted }) => price_counted ?? -1).sort((a, b) => a - b);
  return counts.flatMap((count, index) => (count === index ? [] : [`number ${index} was counted as ${count}`]));
}
