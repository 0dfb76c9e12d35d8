import type { Facts } from './facts.ts';
import { compare, type Finding } from './findings.ts';

type Account = { partnerId: string; currency: string; total: number };

/** What each partner is told that it has earned is the price of its approved conversions, those that were reversed left out. */
export function recountLedger({ settlements, eventsByLead, balances }: Facts): Finding {
  const earned = new Map<string, Account>();
  const prices = new Map<string, { amount: number; currency: string }>();
  const inOrder = [...settlements].sort((a, b) => a.seq - b.seq);
  for (const { conversion_id, lead_id, seq, partner_id: partnerId, reward } of inOrder) {
    if (reward === 'none' || partnerId === null) continue;
    const event = eventsByLead.get(lead_id)?.[seq - 1];
    const now = { amount: event?.price_amount ?? 0, currency: event?.price_currency ?? '' };
    const { amount, currency } = prices.get(conversion_id) ?? now;
    prices.set(conversion_id, { amount, currency });
    const key = `${partnerId} ${currency}`;
    const before = earned.get(key)?.total ?? 0;
    earned.set(key, { partnerId, currency, total: before + (reward === 'book' ? amount : -amount) });
  }
  const told = [...balances].flatMap(([partnerId, ofPartner]) =>
    ofPartner.map(({ currency, total }) => ({ partnerId, currency, total })),
  );
  return compare(
    'balances, each the sum of what its conversions bring',
    [...earned.values()],
    told,
    ({ partnerId, currency }) => `${partnerId} ${currency}`,
  );
}
