import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { MAX_STATS_REF_IDS, statsGroups, type PartnerStats } from '../../../db/reports/partner-stats.ts';
import { MAX_STATS_DAYS } from '../../../db/reports/stats-range.ts';
import { statuses } from '../../../domain/status.ts';
import { dateOrMomentFilter, timeZoneFilter } from '../../fields/filters.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-partner-call.ts';
import { moneySchema } from '../../fields/postback-answers.ts';

export const statsQuerySchema = z.strictObject({
  group_by: z.enum(statsGroups).default('day').meta({ description: '`day` when left out.' }),
  from: dateOrMomentFilter.meta({
    description: 'Facts from then on; a date stands for its beginning. 30 days before `to` when left out.',
  }),
  to: dateOrMomentFilter.meta({
    description: `Facts before then, at most ${MAX_STATS_DAYS} days after \`from\`; the end of today when left out.`,
  }),
  time_zone: timeZoneFilter,
});

const DESCRIPTION = `Counts of facts, each at its own time, right at any moment.
- \`touches\`: visits through your link. They belong to no offer and have no status.
- \`conversions\`: outbound clicks to offers, made while the lead was linked to you.
- \`pending\`, \`approved\`, \`rejected\`: statuses that went to you, when they did. A conversion that was pending and then
  approved counts once in each.
- \`reward\`: what was booked, less what was revoked, each when that was done; never summed across currencies.

Each fact is in exactly one row, and all are in \`totals\`. By \`day\` there is a row for every day of the range in the time
zone. By \`offer\` and by \`ref_id\` the most approvals come first. By \`ref_id\` a touch counts for the ref_id that it brought,
everything else for the one by which the lead was linked to you; this takes longer, holds ${MAX_STATS_REF_IDS} rows at most,
and is refused when the range holds too much. By \`status\`, booked rewards are in the row \`approved\`, revoked ones in
\`rejected\`. The file of \`Accept: text/csv\` has the rows, with one column of rewards for each currency, in its major unit.`;

const count = z.int().min(0);
const figures = {
  touches: count,
  conversions: count,
  pending: count,
  approved: count,
  rejected: count,
  reward: z.array(moneySchema).meta({ description: 'One for each currency; less than 0 where more was revoked.' }),
};

const rowSchema = z
  .object({
    day: z.iso.date().optional(),
    offer_id: z.string().nullable().optional().meta({ description: 'Null: of no offer.' }),
    offer_name: z.string().nullable().optional(),
    ref_id: z.string().nullable().optional().meta({ description: 'Null: without a usable one.' }),
    status: z.enum(statuses).nullable().optional().meta({ description: 'Null: what has no status.' }),
    ...figures,
  })
  .meta({ description: 'It has the field that `group_by` names.' });

const statsSchema = z.object({
  group_by: z.enum(statsGroups),
  from: momentSchema,
  to: momentSchema,
  time_zone: z.string(),
  rows: z.array(rowSchema),
  totals: z.object(figures),
  is_complete: z.boolean().meta({ description: 'False: there are more ref_ids than the rows hold.' }),
}) satisfies z.ZodType<PartnerStats>;

const day = { touches: 120, conversions: 31, pending: 12, approved: 4, rejected: 1 };
const reward = [{ amount: 5000, currency: 'USD' }];

const statsAnswer = defineAnswer(statsSchema, {
  group_by: 'day',
  from: '2026-01-30T23:00:00.000Z',
  to: '2026-01-31T23:00:00.000Z',
  time_zone: 'Europe/Berlin',
  rows: [{ day: '2026-01-31', ...day, reward }],
  totals: { ...day, reward },
  is_complete: true,
});

const CSV_EXAMPLE =
  '"day","touches","conversions","pending","approved","rejected","reward_USD"\r\n"2026-01-31",120,31,12,4,1,50\r\n';

/** A partner's figures. */
export function describeStatsCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/partner/stats': describeCalls({
      get: {
        summary: 'Your figures: touches, conversions, statuses, rewards',
        description: DESCRIPTION,
        query: statsQuerySchema,
        answer: statsAnswer,
        csv: CSV_EXAMPLE,
        refusals: ['invalid'],
      },
    }),
  };
}
