// How pages tell price lists in short.
import type { CountedBy, PriceTier } from '../../../domain/price-list.ts';
import type { PricePeriod } from '../../../domain/price-period.ts';
import { writeCount, writeMoney } from '../../pages/console/write-numbers.ts';

export const periodOptions: { value: PricePeriod; label: string }[] = [
  { value: 'day', label: 'a day' },
  { value: 'week', label: 'a week, from Monday' },
  { value: 'month', label: 'a month' },
  { value: 'all', label: 'all time' },
];

export const countsOptions: { value: CountedBy; label: string }[] = [
  { value: 'advertiser', label: 'of all the advertiser’s offers' },
  { value: 'offer', label: 'of this offer alone' },
];

/** `10.00 from 0, 12.00 from 100` */
export function tellTiers(tiers: readonly PriceTier[], currency: string): string {
  return tiers.map(({ from, amount }) => `${writeMoney(amount, currency)} from ${writeCount(from)}`).join(', ');
}

/** `approved conversions of the advertiser, a month (Europe/Berlin)` */
export function tellCounting(counts: CountedBy, period: PricePeriod, timeZone: string): string {
  const whose = counts === 'advertiser' ? 'of the advertiser' : 'of this offer';
  return period === 'all' ? `${whose}, of all time` : `${whose}, by ${period} (${timeZone})`;
}

/** `24 conversions of the advertiser were approved in the month from 2026-11-01 (Europe/Berlin)` */
export function tellCounted(
  counted: number,
  { counts, period, timeZone }: { counts: CountedBy; period: PricePeriod; timeZone: string },
  periodStart: string | null,
): string {
  const whose = counts === 'advertiser' ? 'of the advertiser' : 'of this offer';
  const when = period === 'day' ? `on ${periodStart}` : `in the ${period} from ${periodStart}`;
  const approved = `${writeCount(counted)} ${counted === 1 ? 'conversion' : 'conversions'} ${whose} ${counted === 1 ? 'was' : 'were'} approved`;
  return period === 'all' ? `${approved} so far` : `${approved} ${when} (${timeZone})`;
}
