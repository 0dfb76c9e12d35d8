import type { Knex } from 'knex';
import { listPartnerPostbacks, readPartnerPostback } from '../../../../db/reports/partner-postbacks.ts';
import { idFilter } from '../../../fields/filters.ts';
import { postbackListSchema } from '../../postbacks/postback-schemas.ts';

/** As the API takes them, but one field for any id. */
export const logFilters = postbackListSchema
  .omit({ conversion_id: true, ref_id: true, limit: true })
  .extend({ q: idFilter });

/** What a whole id that a reader looks for is: a postback's, a conversion's, or else a ref_id. */
export async function findByAnyId(
  db: Knex,
  partnerId: string,
  id: string,
): Promise<{ postbackId?: string; conversion_id?: string; ref_id?: string }> {
  if (await readPartnerPostback(db, { partnerId, postbackId: id })) return { postbackId: id };
  const { rows } = await listPartnerPostbacks(db, { partnerId, conversion_id: id, limit: 1 });
  return rows.length > 0 ? { conversion_id: id } : { ref_id: id };
}
