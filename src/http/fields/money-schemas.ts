import { z } from 'zod';
import { currencies } from '../../domain/money.ts';

const AMOUNT_RULE = 'must be a whole number of minor units, 0 or more: 1250 is 12.50 USD';

const AMOUNT_TEXT = /^[0-9]{1,15}$/;

function isAmount(given: number | string): boolean {
  return typeof given === 'string' ? AMOUNT_TEXT.test(given) : Number.isSafeInteger(given) && given >= 0;
}

/** Minor units, as a number or as text. */
export const amountSchema = z
  .union([z.number(), z.string()], { error: AMOUNT_RULE })
  .refine((amount) => isAmount(amount), { error: AMOUNT_RULE })
  .transform(Number)
  .meta({
    description: 'Integer of minor units: 1250 is 12.50 USD.',
    override: {
      anyOf: [
        { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
        { type: 'string', pattern: AMOUNT_TEXT.source },
      ],
    },
  });

export const currencySchema = z
  .enum(currencies, { error: 'must be an ISO 4217 code in upper case, such as USD' })
  .meta({ example: 'USD' });
