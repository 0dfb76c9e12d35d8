// Which postbacks a replay takes up. The parts of statements here speak of a replay `r` and of postbacks `p`.
import { statuses } from '../../domain/status.ts';

const STATUSES = `array[${statuses.map((status) => `'${status}'`).join()}]`;

/**
 * It did not reach its partner, or is asked for by name, and it had ended when the replay began: whatever ended later was
 * sent by somebody else. One without a ref_id (R6) was skipped for that reason, which is none of these.
 */
export const IS_TAKEN_UP = `p.state = any(r.states) and p.ended_at < r.started_at
  and (p.state <> 'skipped' or p.skip_reason = 'not_configured'
    or p.skip_reason = 'status_off' and r.postback_id is not null)`;

/** All postbacks of a range that a replay takes up, by an index. */
export function allTakenUp(columns: string): string {
  return `select p.* from ${EACH_KIND} cross join lateral (select ${columns} from postbacks p where ${IS_IN_RANGE}) p`;
}

/**
 * The first of them, in order. The index is in order of time within one state and one status, so these are merged.
 * @param limit and `after`, the key after which to begin, as SQL
 */
export function firstTakenUp({ columns, after, limit }: { columns: string; after: string; limit: string }): string {
  return `
    select p.* from ${EACH_KIND} cross join lateral (
      select ${columns}, p.created_at as at from postbacks p
      where ${IS_IN_RANGE} and (p.created_at, p.postback_id) > ${after}
      order by p.created_at, p.postback_id limit ${limit}
    ) p
    order by p.at, p.postback_id limit ${limit}`;
}

/** Before every postback. */
export const FIRST_POSTBACK = `('-infinity', '')`;

const EACH_KIND = `unnest(r.states) k(state) cross join unnest(${STATUSES}) t(status)`;

const IS_IN_RANGE = `p.partner_id = r.partner_id and p.state = k.state and p.status = t.status
  and p.created_at >= r.from_at and p.created_at < r.to_at and ${IS_TAKEN_UP}`;
