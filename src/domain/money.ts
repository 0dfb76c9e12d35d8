// ISO 4217. Intl cannot be asked: it follows what shops display, not what the currency's minor unit is
// (Node 20 gives HUF, ALL and MMK no decimals), and its answer changes with the ICU that Node was built with.
const DECIMALS_UNLIKE_TWO: Readonly<Record<string, number>> = {
  ...decimalsOf(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...decimalsOf(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...decimalsOf(4, 'CLF UYW'),
};

const MOST_MINOR_UNITS = BigInt(Number.MAX_SAFE_INTEGER);

/** Upper-case ISO 4217 codes, such as `USD`. */
export const currencies: readonly string[] = Intl.supportedValuesOf('currency');

const known: ReadonlySet<string> = new Set(currencies);

export function isCurrency(code: string): boolean {
  return known.has(code);
}

/**
 * Writes an integer of minor units the way trackers read money: `12.50` for 1250 USD, `1250` for 1250 JPY.
 * No grouping, always a point, always all decimals of the currency.
 *
 * @throws RangeError for an amount that is not an integer within ±(2^53 - 1), or an unknown currency
 */
export function formatMajorUnits(amountMinor: bigint | number | string, currency: string): string {
  if (!isCurrency(currency)) throw new RangeError(`"${currency}" is not an ISO 4217 currency`);
  const amount = readMinorUnits(amountMinor);
  const decimals = DECIMALS_UNLIKE_TWO[currency] ?? 2;
  const sign = amount < 0n ? '-' : '';
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, '0');
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** What people write, such as `12.5` for USD, in minor units. @returns undefined for what is no such amount, 0 or more */
export function readMajorUnits(text: string, currency: string): number | undefined {
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,4}))?$/.exec(text.trim()) ?? [];
  const decimals = DECIMALS_UNLIKE_TWO[currency] ?? 2;
  if (whole === undefined || fraction.length > decimals) return undefined;
  const amount = Number(whole + fraction.padEnd(decimals, '0'));
  return Number.isSafeInteger(amount) ? amount : undefined;
}

function readMinorUnits(given: bigint | number | string): bigint {
  if (typeof given === 'number' && !Number.isSafeInteger(given)) throw notMinorUnits(given);
  if (typeof given === 'string' && !/^-?\d{1,16}$/.test(given)) throw notMinorUnits(given);
  const amount = BigInt(given);
  if (amount > MOST_MINOR_UNITS || amount < -MOST_MINOR_UNITS) throw notMinorUnits(given);
  return amount;
}

function notMinorUnits(given: bigint | number | string): RangeError {
  return new RangeError(`"${given}" is not an amount: it must be an integer of minor units within ±(2^53 - 1)`);
}

function decimalsOf(decimals: number, codes: string): Record<string, number> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, decimals]));
}
