import { errorsAfterCall } from '../../domain/postbacks/send-error.ts';

const AFTER_CALL = errorsAfterCall.map((error) => `'${error}'`).join();

/** Of attempts `a`: delivered, or nobody can say that it was not; SQL. */
export const MAY_HAVE_ARRIVED = `(a.outcome <> 'refused' or a.error in (${AFTER_CALL}))`;

/**
 * R11, of postbacks `p`: its partner has heard of a newer status of the conversion, may have, or is about to hear of it;
 * SQL. Such a postback is never sent again. The attempts are looked at one postback at a time: for an `exists` within an
 * `or` Postgres might read all attempts there are.
 */
export const IS_OVERTAKEN = `exists (
  select from postbacks newer
  where newer.conversion_id = p.conversion_id and newer.seq > p.seq and newer.partner_id = p.partner_id
    and (newer.state in ('scheduled', 'retrying', 'delivered') or coalesce((
      select true from postback_attempts a where a.postback_id = newer.postback_id and ${MAY_HAVE_ARRIVED} limit 1
    ), false))
)`;
