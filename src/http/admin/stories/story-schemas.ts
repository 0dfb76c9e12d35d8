import { z } from 'zod';
import { wholeNumber } from '../../fields/number-schemas.ts';

const MAX_WAIT_SECONDS = 30;

export const waitSchema = z.strictObject({
  wait: wholeNumber(0, MAX_WAIT_SECONDS).default(0).meta({
    description:
      'Seconds to wait until all statuses are settled and no attempt of a postback is under way or due in that time.',
  }),
});

// A story is told in the process that serves clicks, so a page is made within milliseconds.
const MAX_STORY_PAGE = 500;
const USUAL_STORY_PAGE = 200;
const MAX_SEQ = 2 ** 31 - 1;

export const storyPageSchema = z.strictObject({
  limit: wholeNumber(1, MAX_STORY_PAGE).default(USUAL_STORY_PAGE).meta({
    description: 'How many events; all that is known of their conversions is told with them.',
  }),
  after: wholeNumber(0, MAX_SEQ).default(0).meta({ description: 'The `next` of the page before.' }),
});
