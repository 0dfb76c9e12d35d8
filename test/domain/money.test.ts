import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatMajorUnits, isCurrency } from '../../src/domain/money.ts';

describe('money', () => {
  const written: [bigint | number | string, string, string][] = [
    [1250, 'USD', '12.50'],
    [1250n, 'EUR', '12.50'],
    ['1250', 'RUB', '12.50'],
    [1250, 'JPY', '1250'],
    [1250, 'KRW', '1250'],
    [1250, 'KWD', '1.250'],
    [0, 'USD', '0.00'],
    [0, 'JPY', '0'],
    [5, 'USD', '0.05'],
    [5, 'KWD', '0.005'],
    [-5, 'USD', '-0.05'],
    ['-1250', 'USD', '-12.50'],
    [Number.MAX_SAFE_INTEGER, 'USD', '90071992547409.91'],
    ['9007199254740991', 'KWD', '9007199254740.991'],
  ];
  for (const [amount, currency, text] of written) {
    it(`writes ${amount} ${currency} as ${text}`, () => assert.equal(formatMajorUnits(amount, currency), text));
  }

  // Intl, on some versions of Node, gives these no decimals: a hundred times too much.
  for (const currency of ['HUF', 'RSD', 'ALL', 'MMK', 'IDR', 'LAK']) {
    it(`gives ${currency} its two decimals`, () => assert.equal(formatMajorUnits(1250, currency), '12.50'));
  }

  const amounts = [
    1.5,
    NaN,
    Infinity,
    2 ** 53,
    '',
    ' 1',
    '1.5',
    '1e3',
    '0x10',
    '9007199254740992',
    2n ** 53n,
    '+1',
    '--1',
  ];
  for (const amount of amounts) {
    it(`refuses the amount ${typeof amount} ${amount}`, () => {
      assert.throws(() => formatMajorUnits(amount, 'USD'), RangeError);
    });
  }

  for (const code of ['usd', 'US', 'USDT', '', 'ABC', '$', 'constructor']) {
    it(`does not know the currency "${code}"`, () => {
      assert.equal(isCurrency(code), false);
      assert.throws(() => formatMajorUnits(1, code), RangeError);
    });
  }

  it('loses no minor unit of any amount', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.constantFrom('USD', 'JPY', 'KWD'), (amount, currency) => {
        const text = formatMajorUnits(amount, currency);
        assert.match(text, /^-?\d+(\.\d+)?$/);
        assert.equal(BigInt(text.replace('.', '')), BigInt(amount));
      }),
    );
  });
});
