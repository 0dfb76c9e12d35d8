import { z } from 'zod';
import { cursorSchema } from '../protocol/cursor.ts';
import { idFilter, momentFilter } from './filters.ts';
import { listLimitSchema } from './lists.ts';

/** What of the audit log is asked for. */
export const auditListSchema = z.strictObject({
  actor: idFilter.meta({ description: 'The name of an admin, `partner:{partner_id}`, or `system`.' }),
  action: idFilter.meta({ description: '`create`, `change`, `delete`, or an act such as `accept_late`.' }),
  subject_type: idFilter.meta({ description: 'Such as `partner`, `advertiser`, `offer`, `admin_key`.' }),
  subject_id: idFilter,
  from: momentFilter.meta({ description: 'Then or later.' }),
  to: momentFilter.meta({ description: 'Before.' }),
  limit: listLimitSchema,
  cursor: cursorSchema(/^\d{1,15}$/).optional(),
});
