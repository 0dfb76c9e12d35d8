import type { LedgerLine } from '../../db/reports/ledger-lines.ts';
import { formatMajorUnits } from '../../domain/money.ts';
import type { CsvColumn } from '../protocol/csv.ts';

/** A line with the reason why it is there. */
export type ToldLine = LedgerLine & { why: string };

/** What ops see of a line in a file. */
export const lineColumns: CsvColumn<ToldLine>[] = [
  { header: 'line_id', value: (line) => line.line_id },
  { header: 'at', value: (line) => line.at },
  { header: 'kind', value: (line) => line.kind },
  // As a number: a text that begins with a minus would look like a formula.
  { header: 'amount', value: (line) => Number(formatMajorUnits(line.amount, line.currency)) },
  { header: 'currency', value: (line) => line.currency },
  { header: 'conversion_id', value: (line) => line.conversion_id },
  { header: 'seq', value: (line) => line.seq },
  { header: 'offer_id', value: (line) => line.offer_id },
  { header: 'offer_name', value: (line) => line.offer_name },
  { header: 'price_version', value: (line) => line.price_version },
  { header: 'payout_id', value: (line) => line.payout_id },
  { header: 'reference', value: (line) => line.reference },
  { header: 'why', value: (line) => line.why },
];
