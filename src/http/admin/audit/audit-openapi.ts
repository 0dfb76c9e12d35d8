import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import type { AuditEntry } from '../../../db/reports/audit-log.ts';
import { auditListSchema } from '../../fields/audit-filters.ts';
import { definePage } from '../../fields/lists.ts';
import { momentSchema } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-admin-call.ts';

const columns = z.record(z.string(), z.unknown()).nullable();

const entrySchema = z.object({
  audit_id: z.int(),
  at: momentSchema,
  actor: z.string().meta({ description: 'The name of an admin, `partner:{partner_id}`, or `system`.' }),
  role: z.string().nullable().meta({ description: 'Of the actor at that time.' }),
  action: z.string(),
  subject_type: z.string(),
  subject_id: z.string(),
  before: columns.meta({ description: 'Of a change what differs; null where there was nothing. Never a secret.' }),
  after: columns,
  comment: z.string().nullable(),
}) satisfies z.ZodType<AuditEntry>;

const example: AuditEntry = {
  audit_id: 17,
  at: '2026-01-31T09:15:00.000Z',
  actor: 'anna',
  role: 'admin',
  action: 'change',
  subject_type: 'offer',
  subject_id: 'gold-card-7h3m2p',
  before: { reward_amount: 1250 },
  after: { reward_amount: 1300 },
  comment: null,
};

const CSV =
  '"audit_id","at","actor","role","action","subject_type","subject_id","before","after","comment"\r\n17,"2026-01-31T09:15:00.000Z","anna","admin","change","offer","gold-card-7h3m2p","{""reward_amount"":1250}","{""reward_amount"":1300}",\r\n';

/** Who changed what. */
export function describeAuditCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/audit': describeCalls({
      get: {
        summary: 'The audit log: every change by whom, the latest first',
        query: auditListSchema,
        answer: definePage(entrySchema, example),
        csv: CSV,
        refusals: ['invalid'],
      },
    }),
  };
}
