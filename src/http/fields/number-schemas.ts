import { z } from 'zod';

const MAX_PAGE = 200;
/** How many rows a page of a list holds when nothing is said. */
export const USUAL_PAGE = 50;

/** A whole number in a query, where everything is text. */
export function wholeNumber(minimum: number, maximum: number) {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .string({ error })
    .regex(/^\d{1,16}$/, { error, abort: true })
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, { error })
    .meta({ override: { type: 'integer', pattern: undefined, minimum, maximum } });
}

/** How many rows a page of a list holds at most, when it is said. */
export const pageSizeSchema = wholeNumber(1, MAX_PAGE).optional();

/** The same, or the usual number. */
export const limitSchema = wholeNumber(1, MAX_PAGE).default(USUAL_PAGE);
