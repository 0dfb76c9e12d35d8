import { z } from 'zod';
import { postbackStates, skipReasons } from '../../../db/postbacks.ts';
import type { ListedConversion } from '../../../db/reports/conversion-list.ts';
import { leadStatuses, type ListedLead } from '../../../db/reports/lead-list.ts';
import type { ListedPostback } from '../../../db/reports/postback-list.ts';
import { statuses } from '../../../domain/status.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';

const AT = '2026-01-31T09:15:00.000Z';
const LEAD_ID = '0ml2p7s3q1x9c4v6b8n0m5k7';
const CONVERSION_ID = '0ml2p8k4v9x2m7q1w8z5t4r6';

const holder = z.string().meta({ description: 'A partner_id, or `house`.' });
const money = z.object({ amount: z.int().meta({ description: 'Minor units.' }), currency: z.string() });

const leadSchema = z.object({
  lead_id: z.string().meta({ description: 'Its story is at `/v1/admin/leads/{lead_id}`.' }),
  created_at: momentSchema,
  linked_partner: holder,
  status: z.enum(leadStatuses).meta({ description: 'Its last one; before the first, `open` or `expired`.' }),
  events: z.int().meta({ description: 'How many touches, conversions and statuses it has.' }),
  open_until: momentSchema.meta({ description: 'When its window ends.' }),
}) satisfies z.ZodType<ListedLead>;

const conversionSchema = z.object({
  conversion_id: z.string().meta({ description: 'Its story is at `/v1/admin/conversions/{conversion_id}`.' }),
  lead_id: z.string(),
  created_at: momentSchema,
  offer_id: z.string(),
  advertiser_id: z.string(),
  partner_id: holder.meta({ description: 'Who has won it, else who is linked to its lead now; `house` is nobody.' }),
  status: z.enum(statuses).nullable().meta({ description: 'The last one; null before the first.' }),
  status_at: momentSchema.nullable(),
  reward: money.nullable().meta({ description: 'What is booked, less what is revoked; null: nothing ever was.' }),
}) satisfies z.ZodType<ListedConversion>;

const postbackSchema = z.object({
  postback_id: z.string(),
  conversion_id: z.string().meta({ description: 'Its attempts are told at `/v1/admin/conversions/{conversion_id}`.' }),
  lead_id: z.string(),
  seq: z.int().meta({ description: 'Of the status that it tells of.' }),
  partner_id: holder,
  offer_id: z.string(),
  ref_id: z.string().nullable(),
  status: z.enum(statuses),
  reason: z.string().nullable(),
  is_handover: z.boolean().meta({ description: 'It tells a partner that the lead was lost to another.' }),
  payout: money,
  state: z.enum(postbackStates),
  skip_reason: z.enum(skipReasons).nullable(),
  attempts: z.int().meta({ description: 'How many were begun.' }),
  next_attempt_at: momentSchema.nullable(),
  created_at: momentSchema,
  ended_at: momentSchema.nullable(),
}) satisfies z.ZodType<ListedPostback>;

export const leadsAnswer = pageOf(leadSchema, {
  lead_id: LEAD_ID,
  created_at: AT,
  linked_partner: 'abcdefghigk',
  status: 'approved',
  events: 3,
  open_until: '2026-02-14T09:15:30.000Z',
});

export const conversionsAnswer = pageOf(conversionSchema, {
  conversion_id: CONVERSION_ID,
  lead_id: LEAD_ID,
  created_at: AT,
  offer_id: 'gold-card-7h3m2p',
  advertiser_id: 'first-bank-4f2k9x',
  partner_id: 'abcdefghigk',
  status: 'approved',
  status_at: AT,
  reward: { amount: 1250, currency: 'USD' },
});

export const postbacksAnswer = pageOf(postbackSchema, {
  postback_id: 'p4t8w1x6z3c7v9b2',
  conversion_id: CONVERSION_ID,
  lead_id: LEAD_ID,
  seq: 3,
  partner_id: 'abcdefghigk',
  offer_id: 'gold-card-7h3m2p',
  ref_id: '123456789abcd',
  status: 'approved',
  reason: null,
  is_handover: false,
  payout: { amount: 1250, currency: 'USD' },
  state: 'delivered',
  skip_reason: null,
  attempts: 1,
  next_attempt_at: null,
  created_at: AT,
  ended_at: AT,
});

/** A page of a list, with an example of one row. @param besides what else it may hold */
export function pageOf<Row extends z.ZodType>(row: Row, example: z.output<Row>, besides: z.ZodRawShape = {}) {
  const nextCursor = z
    .string()
    .nullable()
    .meta({
      description:
        'Give it as `cursor` to get the next page; null: no more. A page may hold fewer than `limit`, even none, ' +
        'although more follow: only so many are looked at for one page.',
    });
  const schema: z.ZodType = z.object({ items: z.array(row), next_cursor: nextCursor, ...besides });
  return defineAnswer(schema, { items: [example], next_cursor: 'MG1sMnA3czNxMXg5YzR2NmI4bjBtNWs3' });
}
