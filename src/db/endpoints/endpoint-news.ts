// How the statements that record the ends of attempts note what these say about an endpoint: one of a partner's origins.
// All attempts to an origin meet in one row, so nobody may wait for it: who finds it locked leaves it as it is. A lost
// count changes nothing that matters, and the next attempt is noted again.

// Halves in about 42 minutes.
const MEMORY_SECONDS = 3600;

/**
 * CTEs, for the end of a `with`, that note the ends of attempts. `source` is another CTE of the same statement with a row
 * for each attempt that ended: `partner_id`, `origin` (see {@link originOf}), `is_delivered`, `ended_at`, and `place`, the
 * order in which they ended. It leaves out what says nothing about the endpoint, see {@link isNews}.
 */
export function noteEndpoints(source: string): string {
  return `endpoint_news as (
    select partner_id, origin, count(*) as attempts, count(*) filter (where not is_delivered) as failures,
      count(*) filter (where not is_delivered and place > coalesce(latest_success, 0)) as trailing_failures,
      min(ended_at) filter (where not is_delivered and place > coalesce(latest_success, 0)) as trailing_since,
      max(ended_at) filter (where is_delivered) as success_at,
      max(ended_at) filter (where not is_delivered) as failure_at
    from (
      select s.*, max(place) filter (where is_delivered) over (partition by partner_id, origin) as latest_success
      from ${source} s
    ) ordered
    group by partner_id, origin
  ), endpoint_free as materialized (
    select partner_id, origin, exp(least(0, extract(epoch from recent_at - now())) / ${MEMORY_SECONDS}) as remembered
    from partner_endpoints where (partner_id, origin) in (select partner_id, origin from endpoint_news)
    for update skip locked
  ), endpoint_changed as (
    update partner_endpoints e
    set consecutive_failures = n.trailing_failures + case when n.success_at is null then e.consecutive_failures else 0 end,
      failing_since = case when n.success_at is null then coalesce(e.failing_since, n.trailing_since)
        else n.trailing_since end,
      recovered_at = case when n.success_at is not null and (e.consecutive_failures > 0 or n.failures > 0)
        then n.success_at else e.recovered_at end,
      last_success_at = greatest(e.last_success_at, n.success_at),
      last_failure_at = greatest(e.last_failure_at, n.failure_at),
      recent_attempts = e.recent_attempts * f.remembered + n.attempts,
      recent_failures = e.recent_failures * f.remembered + n.failures,
      recent_at = now()
    from endpoint_free f join endpoint_news n using (partner_id, origin)
    where e.partner_id = f.partner_id and e.origin = f.origin
  ), endpoint_made as (
    insert into partner_endpoints (partner_id, origin, consecutive_failures, failing_since, last_success_at, last_failure_at,
      recent_attempts, recent_failures)
    select partner_id, origin, trailing_failures, trailing_since, success_at, failure_at, attempts, failures
    from endpoint_news n
    where not exists (select from partner_endpoints e where e.partner_id = n.partner_id and e.origin = n.origin)
    on conflict do nothing
  )`;
}

/** Of the `url` of an attempt, as SQL: its scheme, host and port, as `originFor` reads them from the settings. */
export function originOf(url: string): string {
  return `lower(split_part(${url}, '/', 1) || '//' || split_part(${url}, '/', 3))`;
}

/** Of the `error` of an attempt, as SQL: false where the values of one postback alone kept it from being sent. */
export function isNews(error: string): string {
  return `${error} is distinct from 'dots_in_path'`;
}
