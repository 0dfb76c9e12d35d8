import type { Knex } from 'knex';
import { sumLedgerLines, type LedgerFilter, type LedgerSum } from '../reports/ledger-lines.ts';
import { readPayout, type Payout } from './payouts.ts';

/** What a statement is of: a payout, what is open, or a span of time, half-open. */
export type StatementScope = { payoutId: string } | { state: 'open' } | { from: string; to: string };

export type Statement = {
  /** Null unless it is that of a payout. */
  payout: Payout | null;
  /** Null where it begins with the first line. */
  from: string | null;
  /** Null: until now. */
  upto: string | null;
  sums: LedgerSum[];
  /** Which lines belong to it. */
  filter: LedgerFilter;
};

/** @returns undefined when the partner has no such payout */
export async function readStatement(
  db: Knex,
  partnerId: string,
  scope: StatementScope,
): Promise<Statement | undefined> {
  if ('payoutId' in scope) return await readPaid(db, partnerId, scope.payoutId);
  const filter: LedgerFilter = { partnerId, ...scope };
  const [from, upto] = 'from' in scope ? [scope.from, scope.to] : [null, null];
  return { payout: null, from, upto, sums: await sumLedgerLines(db, filter), filter };
}

async function readPaid(db: Knex, partnerId: string, payoutId: string): Promise<Statement | undefined> {
  const payout = await readPayout(db, { partnerId, payoutId });
  if (!payout) return undefined;
  const { currency, period_from: from, upto } = payout;
  const filter: LedgerFilter = { partnerId, currency, from: from ?? undefined, to: upto, isEarned: true };
  return { payout, from, upto, sums: await sumLedgerLines(db, filter), filter };
}
