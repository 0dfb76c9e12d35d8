import type { LedgerLine, LedgerSum } from '../db/reports/ledger-lines.ts';
import type { RewardEntryRow } from '../db/reports/reward-entries.ts';
import type { LineKind } from '../domain/ledger.ts';
import { formatMajorUnits } from '../domain/money.ts';

/** Why a line is there, in the words that partners and ops read. */
export function explainLine({ kind, amount, reference }: Pick<LedgerLine, 'kind' | 'amount' | 'reference'>): string {
  switch (kind) {
    case 'reward':
      return 'The conversion was approved.';
    case 'revocation':
      return 'The conversion was rejected after it had been approved, so its reward is taken back.';
    case 'correction':
      if (amount === 0) return 'The conversion was decided anew after a payout. It brings nothing, so nothing changes.';
      return amount > 0
        ? 'The conversion was approved again after a payout had closed what was taken back or paid before.'
        : 'The conversion was rejected after its reward had been paid out, so it is set off against what is earned next.';
    case 'payout':
      return `Paid out, reference ${reference}.`;
  }
}

/** What lines of all kinds come to, by currency. */
export type CurrencySum = { currency: string; lines: number; amount: number; kinds: Record<LineKind, number> };

export function sumByCurrency(sums: LedgerSum[]): CurrencySum[] {
  const found = new Map<string, CurrencySum>();
  for (const { currency, kind, lines, amount } of sums) {
    const sum = found.get(currency) ?? {
      ...{ currency, lines: 0, amount: 0 },
      kinds: { reward: 0, revocation: 0, correction: 0, payout: 0 },
    };
    sum.lines += lines;
    sum.amount += amount;
    sum.kinds[kind] += amount;
    found.set(currency, sum);
  }
  return [...found.values()];
}

/** The payouts that closed lines of conversions, each with what these came to. */
export function tellPayouts(entries: RewardEntryRow[]): { at: string; what: string }[] {
  const paid = new Map<string, { at: string; what: string; amount: number }>();
  for (const { payout_id, payout_reference, paid_at, conversion_id, amount, currency } of entries) {
    if (payout_id === null || paid_at === null) continue;
    const key = `${payout_id} ${conversion_id}`;
    const sum = (paid.get(key)?.amount ?? 0) + amount;
    const money = `${formatMajorUnits(sum, currency)} ${currency}`;
    const what = `paid out: ${money} for conversion ${conversion_id}, reference ${payout_reference}`;
    paid.set(key, { at: paid_at, amount: sum, what });
  }
  return [...paid.values()].map(({ at, what }) => ({ at, what }));
}
