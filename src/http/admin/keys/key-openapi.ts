import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import type { AdminKey } from '../../../db/keys/admin-keys.ts';
import { adminRoles } from '../../../domain/admin-role.ts';
import { newAdminKeySchema } from '../../fields/admin-key-schema.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-admin-call.ts';

const MOMENT = '2026-01-31T09:15:00.000Z';

const keySchema = z.object({
  name: z.string(),
  role: z.enum(adminRoles),
  key_prefix: z.string().meta({ description: 'The beginning of the key, to tell it from others.' }),
  created_by: z.string(),
  created_at: momentSchema,
  last_used_at: momentSchema.nullable().meta({ description: 'To the minute.' }),
  revoked_at: momentSchema.nullable(),
}) satisfies z.ZodType<AdminKey>;

const example: AdminKey = {
  name: 'anna',
  role: 'operate',
  key_prefix: 'ak_Qm4xZ8',
  created_by: 'root',
  created_at: MOMENT,
  last_used_at: MOMENT,
  revoked_at: null,
};

/** The admins' keys. */
export function describeKeyCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/keys': describeCalls({
      post: {
        summary: 'Make a key for an admin; it is shown once. Needs the role admin',
        body: newAdminKeySchema,
        answer: defineAnswer(keySchema.extend({ key: z.string().meta({ description: 'Shown this once.' }) }), {
          ...{ ...example, last_used_at: null },
          key: 'ak_Qm4xZ8tY2nB6r1yK3eGdF5jX7',
        }),
        status: 201,
        refusals: ['invalid', 'taken'],
      },
      get: {
        summary: 'All keys there ever were, those that are revoked last',
        answer: defineAnswer(z.object({ keys: z.array(keySchema) }), { keys: [example] }),
        refusals: [],
      },
    }),
    '/v1/admin/keys/{name}': describeCalls({
      path: z.object({ name: z.string() }),
      delete: {
        summary: 'Revoke a key; what is signed in with it ends at once. Needs the role admin',
        answer: defineAnswer(keySchema, { ...example, revoked_at: MOMENT }),
        refusals: ['unknown', 'conflict'],
      },
    }),
  };
}
