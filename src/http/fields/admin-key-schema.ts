import { z } from 'zod';
import { adminRoles, ROOT, SYSTEM } from '../../domain/admin-role.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{1,39}$/;
const NAME_RULE = '2 to 40 lower-case letters, digits, ".", "-" or "_", beginning with a letter or digit';

/** A key that is to be made for an admin. */
export const newAdminKeySchema = z.strictObject({
  name: z
    .string()
    .regex(NAME, { error: `must be ${NAME_RULE}`, abort: true })
    .refine((name) => name !== ROOT, { error: `${ROOT} is the admin of the configuration: choose another name` })
    .refine((name) => name !== SYSTEM, { error: `${SYSTEM} is what the program does by itself: choose another name` })
    .meta({
      description: `Whose key it is, as the audit log names its owner: ${NAME_RULE}; neither ${ROOT} nor ${SYSTEM}.`,
      example: 'anna',
      override: { not: { enum: [ROOT, SYSTEM] } },
    }),
  role: z.enum(adminRoles).meta({ description: 'What it may do, each including the ones before.' }),
});
