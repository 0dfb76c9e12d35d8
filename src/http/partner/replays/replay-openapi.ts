import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { replayableStates } from '../../../db/replays/replays.ts';
import { replayStates } from '../../../domain/postbacks/replay.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-partner-call.ts';
import { definePage } from '../../fields/lists.ts';
import { postbackPath } from '../postbacks/postback-schemas.ts';
import { replayCsvExample } from './view-replay.ts';
import { replayListSchema, replayPath, replayRangeSchema, replaySchema } from './replay-schemas.ts';

const answerSchema = z
  .object({
    replay_id: z.string(),
    postback_id: z.string().nullable().meta({ description: 'The one postback that is redelivered; else null.' }),
    from: momentSchema.nullable(),
    to: momentSchema.nullable(),
    states: z.array(z.enum(replayableStates)),
    rate_per_second: z.number().nullable().meta({ description: 'Null: as fast as your endpoint answers.' }),
    asked: z.enum(['run', 'pause', 'cancel']).meta({ description: 'What you asked for last; `state` follows soon.' }),
    state: z.enum(replayStates),
    pause_reason: z.enum(['no_url']).nullable().meta({
      description: '`no_url`: it paused by itself, because you have no postback URL. Save one, then resume it.',
    }),
    total: z.int().meta({ description: 'How many postbacks it is about.' }),
    delivered: z.int(),
    refused: z.int().meta({ description: 'Sent, but not answered with 200.' }),
    skipped: z.int().meta({
      description: 'Not sent: overtaken by a newer status, switched off, without a URL, or delivered meanwhile.',
    }),
    started_at: momentSchema,
    ended_at: momentSchema.nullable(),
  })
  .meta({ id: 'Replay' });

const example: z.output<typeof answerSchema> = {
  replay_id: '0ml2p8k4v9x2m7q1w8z5t4r6',
  postback_id: null,
  from: '2026-01-31T10:02:00.000Z',
  to: '2026-01-31T13:40:00.000Z',
  states: ['failed', 'skipped'],
  rate_per_second: 20,
  asked: 'run',
  state: 'running',
  pause_reason: null,
  total: 214,
  delivered: 120,
  refused: 0,
  skipped: 3,
  started_at: '2026-01-31T13:45:00.000Z',
  ended_at: null,
};

const replayAnswer = defineAnswer(answerSchema, example);

const previewAnswer = defineAnswer(
  z.object({
    to_send: z.int(),
    overtaken: z.int().meta({ description: 'Not sent, because of a newer status.' }),
    status_off: z.int().meta({ description: 'Not sent, because their status is switched off.' }),
    not_configured: z.int().meta({ description: 'Not sent, because there is no postback URL.' }),
    is_complete: z.boolean().meta({ description: 'False when there are more than 20,000, which are counted here.' }),
  }),
  { to_send: 211, overtaken: 3, status_off: 0, not_configured: 0, is_complete: true },
);

const redeliveryAnswer = defineAnswer(
  z.object({
    postback_id: z.string(),
    replay_id: z.string().meta({ description: 'How it goes is at `/v1/partner/replays/{replay_id}`.' }),
  }),
  { postback_id: 'p4t8w1x6z3c7v9b2', replay_id: '0ml2p8k4v9x2m7q1w8z5t4r6' },
);

/** Sending again what did not reach the partner. */
export function describeReplayCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/partner/postbacks/{postback_id}/redeliver': describeCalls({
      path: postbackPath,
      post: {
        summary: 'Send one postback again',
        description:
          'A further attempt of the same postback. Not when a newer status has overtaken it, nor more than five at the same time.',
        answer: redeliveryAnswer,
        status: 202,
        refusals: ['unknown', 'conflict'],
      },
    }),
    '/v1/partner/replays': describeCalls({
      get: {
        summary: 'Your replays, the newest first',
        description:
          'Those of a span of time. A redelivery of one postback is not listed, but can be read, paused and cancelled by its replay_id all the same.',
        query: replayListSchema,
        answer: definePage(answerSchema, example),
        csv: replayCsvExample,
        refusals: ['invalid'],
      },
      post: {
        summary: 'Replay what failed in a span of time',
        description:
          'In order for each conversion; never what a newer status has overtaken. It goes on by itself, whatever happens to our processes.',
        body: replaySchema,
        answer: replayAnswer,
        status: 202,
        refusals: ['invalid', 'conflict'],
      },
    }),
    '/v1/partner/replays/preview': describeCalls({
      post: {
        summary: 'What a replay would do now',
        body: replayRangeSchema,
        answer: previewAnswer,
        refusals: ['invalid'],
      },
    }),
    '/v1/partner/replays/{replay_id}': describeCalls({
      path: replayPath,
      get: { summary: 'How far a replay is', answer: replayAnswer, refusals: ['unknown'] },
    }),
    '/v1/partner/replays/{replay_id}/pause': describeAsk('Pause a replay; nothing further is sent'),
    '/v1/partner/replays/{replay_id}/resume': describeAsk('Go on with a paused replay'),
    '/v1/partner/replays/{replay_id}/cancel': describeAsk('End a replay for good'),
  };
}

function describeAsk(summary: string) {
  return describeCalls({
    path: replayPath,
    post: { summary, answer: replayAnswer, refusals: ['unknown', 'conflict'] },
  });
}
