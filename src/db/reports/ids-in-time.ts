import { beginOfId } from '../../new-ids.ts';
import { ifAsked } from './pages.ts';

/** ISO 8601; from the first moment on, and before the second. */
export type TimeRange = { from?: string | undefined; to?: string | undefined };

const MINUTE_MS = 60 * 1000;
// A row is written two seconds after its id was made at the latest; the rest is for clocks that do not agree.
const MAX_LAG_MS = MINUTE_MS;

/**
 * The ids of leads and conversions begin with their time, so their primary keys are the order in which they came, and
 * clicks need no index for the lists. `created_at` is a moment later by another clock: the ids of a time range are those
 * of a slightly wider one, and what is created outside of it is then left out.
 */
export function idsInTime(id: string, { from, to, cursor }: TimeRange & { cursor?: string | undefined }) {
  return {
    onIds: [
      ...ifAsked(from, `${id} >= :first_id`),
      ...ifAsked(to, `${id} < :end_id`),
      ...ifAsked(cursor, `${id} < :cursor`),
    ],
    onRows: [...ifAsked(from, 'r.created_at >= :from'), ...ifAsked(to, 'r.created_at < :to')],
    values: {
      ...(from !== undefined && { from, first_id: beginOfId(Date.parse(from) - MAX_LAG_MS) }),
      ...(to !== undefined && { to, end_id: beginOfId(Date.parse(to) + MAX_LAG_MS) }),
      ...(cursor !== undefined && { cursor }),
    },
  };
}
