import { z } from 'zod';
import { replayableStates } from '../../../db/replays/replays.ts';
import { MAX_PER_SECOND, MIN_PER_SECOND } from '../../../domain/postbacks/replay.ts';
import { momentFilter } from '../../fields/filters.ts';
import { cursorSchema } from '../../protocol/cursor.ts';
import { listLimitSchema } from '../../fields/lists.ts';

const REPLAY_ID = /^[\w-]{1,64}$/;

const range = {
  from: momentFilter.unwrap().meta({ description: 'Created then or later.' }),
  to: momentFilter.unwrap().meta({ description: 'Created before.', example: '2026-01-31T13:40:00Z' }),
  states: z.array(z.enum(replayableStates)).min(1).default(['failed']).meta({
    description:
      'What is replayed. `failed` takes up those that were skipped for want of a postback URL as well; `skipped` means these alone.',
  }),
  include_delivered: z.boolean().default(false).meta({ description: 'Also what was delivered.' }),
};

const isRange = ({ from, to }: { from: string; to: string }) => from < to;
const NO_RANGE = { error: 'must be later than from', path: ['to'] };

export const replayRangeSchema = z.strictObject(range).refine(isRange, NO_RANGE);

export const replaySchema = z
  .strictObject({
    ...range,
    rate_per_second: z.number().min(MIN_PER_SECOND).max(MAX_PER_SECOND).optional().meta({
      description: 'The most that your endpoint gets in a second; as fast as it answers when left out.',
    }),
  })
  .refine(isRange, NO_RANGE);

export const replayListSchema = z.strictObject({
  limit: listLimitSchema,
  cursor: cursorSchema(REPLAY_ID).optional(),
});

export const replayPath = z.object({ replay_id: z.string() });
