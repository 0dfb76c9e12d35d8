import type { Knex } from 'knex';

/** What a lead lacks because it was dropped when the lead had long been over; its numbers up to `uptoSeq` are not dense. */
export type DroppedTouches = { touches: number; uptoSeq: number; droppedAt: string };

/** @returns undefined when all touches of the lead are there */
export async function readDroppedTouches(db: Knex, leadId: string): Promise<DroppedTouches | undefined> {
  return await db('dropped_touches')
    .where({ lead_id: leadId })
    .select({ touches: 'touches', uptoSeq: 'upto_seq', droppedAt: 'dropped_at' })
    .first<DroppedTouches | undefined>();
}
