import { z } from 'zod';
import { adminRoles, ROOT } from '../../domain/admin-role.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{1,39}$/;
const NAME_RULE = '2 to 40 lower-case letters, digits, ".", "-" or "_", beginning with a letter or digit';

/** A key that is to be made for an admin. */
export const newAdminKeySchema = z.strictObject({
  name: z
    .string()
    .regex(NAME, { error: `must be ${NAME_RULE}`, abort: true })
    .refine((name) => name !== ROOT, { error: `${ROOT} is the admin of the configuration: choose another name` })
    .meta({
      description: `Whose key it is, as the audit log names its owner: ${NAME_RULE}; not ${ROOT}.`,
      example: 'anna',
      override: { not: { const: ROOT } },
    }),
  role: z.enum(adminRoles).meta({ description: 'What it may do, each including the ones before.' }),
});
