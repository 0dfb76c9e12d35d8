import type { PartnerStats, StatsGroup, StatsRow } from '../../../db/reports/partner-stats.ts';
import { formatMajorUnits } from '../../../domain/money.ts';
import type { CsvColumn } from '../../protocol/csv.ts';

const KEYS: Record<StatsGroup, ('day' | 'offer_id' | 'offer_name' | 'ref_id' | 'status')[]> = {
  day: ['day'],
  offer: ['offer_id', 'offer_name'],
  ref_id: ['ref_id'],
  status: ['status'],
};
const COUNTS = ['touches', 'conversions', 'pending', 'approved', 'rejected'] as const;

/** A column for each count, and one of rewards for each currency, because they are never summed. */
export function statsColumns({ group_by, totals }: PartnerStats): CsvColumn<StatsRow>[] {
  const texts = KEYS[group_by].map((key) => ({ header: key, value: (row: StatsRow) => row[key] ?? null }));
  const counts = COUNTS.map((name) => ({ header: name, value: (row: StatsRow) => row[name] }));
  const rewards = totals.reward.map(({ currency }) => ({
    header: `reward_${currency}`,
    value: (row: StatsRow) => majorUnitsOf(row, currency),
  }));
  return [...texts, ...counts, ...rewards];
}

/** As a number: a text that begins with a minus would look like a formula. */
function majorUnitsOf({ reward }: StatsRow, wanted: string): number {
  const amount = reward.find(({ currency }) => currency === wanted)?.amount ?? 0;
  return Number(formatMajorUnits(amount, wanted));
}
