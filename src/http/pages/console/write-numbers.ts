import { formatMajorUnits } from '../../../domain/money.ts';

const counts = new Intl.NumberFormat('en');

/** `12,345` */
export function writeCount(count: number): string {
  return counts.format(count);
}

/** `1 line`, `12,345 lines` */
export function writeCountOf(count: number, one: string, many = `${one}s`): string {
  return `${writeCount(count)} ${count === 1 ? one : many}`;
}

/** An amount of minor units as people read it: `1,287.50`, `−8.00`. */
export function writeMoney(amountMinor: bigint | number | string, currency: string): string {
  const [whole = '', decimals] = formatMajorUnits(amountMinor, currency).replace('-', '−').split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}
