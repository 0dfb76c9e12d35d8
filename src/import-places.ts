import type { Knex } from 'knex';
import { readUnsettledLeads } from './db/overdue.ts';

export type ImportPlaces = {
  /** How many further leads may be told of what files say of them. */
  countFree(): Promise<number>;
  take(leadId: string): void;
};

// So long a lead that is not settled keeps its place at most: it may wait for long, and others must go on.
const KEEP_MS = 30_000;

/**
 * Bounds how many leads with statuses from files are under way, from the call to Temporal until they are settled. More of
 * them would only stand in Temporal's own queue, which is first in, first out, before every status that is called for.
 */
export function createImportPlaces(db: Knex, places: number): ImportPlaces {
  const takenAt = new Map<string, number>();
  return {
    async countFree() {
      if (takenAt.size > 0) {
        const unsettled = new Set(await readUnsettledLeads(db, [...takenAt.keys()]));
        const oldest = performance.now() - KEEP_MS;
        for (const [leadId, at] of takenAt) if (!unsettled.has(leadId) || at < oldest) takenAt.delete(leadId);
      }
      return Math.max(0, places - takenAt.size);
    },
    take: (leadId) => void takenAt.set(leadId, performance.now()),
  };
}
