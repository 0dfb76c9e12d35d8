import { z } from 'zod';

const MAX_LENGTH = 200;

/** The place where the next page of a list begins, as its readers pass it on. */
export function writeCursor(place: string): string {
  return Buffer.from(place, 'latin1').toString('base64url');
}

/** A cursor in a query, read into the place that it stands for. @param place what every place of the list looks like */
export function cursorSchema(place: RegExp, maxLength = MAX_LENGTH) {
  const error = 'must be the `next_cursor` of the page before, as it was given';
  return z
    .string({ error })
    .max(maxLength, { error, abort: true })
    .transform((text) => Buffer.from(text, 'base64url').toString('latin1'))
    .refine((text) => place.test(text), { error })
    .meta({
      description: 'The `next_cursor` of the page before.',
      override: { type: 'string', maxLength },
    });
}
