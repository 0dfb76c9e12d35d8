import type { LedgerLine, LedgerSum } from '../db/reports/ledger-lines.ts';
import type { LineKind } from '../domain/ledger.ts';

/** Why a line is there, in the words that partners and ops read. */
export function explainLine({ kind, amount, reference }: Pick<LedgerLine, 'kind' | 'amount' | 'reference'>): string {
  switch (kind) {
    case 'reward':
      return 'The conversion was approved.';
    case 'revocation':
      return 'The conversion was rejected after it had been approved, so its reward is taken back.';
    case 'correction':
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
