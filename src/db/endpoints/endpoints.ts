import type { Knex } from 'knex';
import { originsOf, type PostbackSettings } from '../../domain/postbacks/postback-settings.ts';

export const endpointStates = ['ok', 'failing', 'unknown'] as const;

export type EndpointState = (typeof endpointStates)[number];

/**
 * How an endpoint of a partner answers. It is `failing` after a configured number of failures in a row, `unknown` until it
 * has taken anything; times are ISO 8601, null when that has not happened.
 */
export type EndpointHealth = {
  state: EndpointState;
  consecutive_failures: number;
  /** When the first of these failed. */
  failing_since: string | null;
  last_success_at: string | null;
  last_failure_at: string | null;
  /** When it last took a postback again after failures. */
  recovered_at: string | null;
  /** The share of about the last hour's attempts that failed, 0 to 1; null without any. */
  failure_rate: number | null;
  /** The latest test postback that was sent because it was failing; null when there was none. */
  canary: { at: string; http_status: number | null; error: string | null } | null;
};

/** One of a partner's origins: scheme, host and port of a postback URL. */
export type OriginHealth = { origin: string; health: EndpointHealth };

export type PartnerEndpoint = EndpointHealth & { partner_id: string; name: string; origin: string };

export type EndpointPage = {
  limit: number;
  /** The place of the page before, see {@link placeOf}. */
  after?: string | undefined;
  state?: EndpointState | undefined;
};

const NOTHING_KNOWN: EndpointHealth = {
  state: 'unknown',
  consecutive_failures: 0,
  failing_since: null,
  last_success_at: null,
  last_failure_at: null,
  recovered_at: null,
  failure_rate: null,
  canary: null,
};

/** Of endpoints `e`; with the binding :failingAfter. */
const IS_FAILING = 'e.consecutive_failures >= :failingAfter::int';

const STATE = `case when ${IS_FAILING} then 'failing' when e.last_success_at is null then 'unknown' else 'ok' end`;

// Both figures shrink alike, so their share needs no clock; after so long without an attempt it says nothing any more.
const HEALTH = `${STATE} as state, e.consecutive_failures, e.failing_since, e.last_success_at, e.last_failure_at,
  e.recovered_at,
  case when e.recent_at > now() - interval '1 hour' then round((e.recent_failures / e.recent_attempts)::numeric, 3)::float8
    end as failure_rate,
  e.canary_at, e.canary_http_status, e.canary_error`;

type HealthRow = Omit<EndpointHealth, 'canary'> & {
  canary_at: string | null;
  canary_http_status: number | null;
  canary_error: string | null;
};

/**
 * How the endpoints answer that the partner's settings name now, the worst first; only those that anything was sent to.
 * @param failingAfter so many failures in a row mean that an endpoint is failing
 */
export async function readEndpoints(db: Knex, partnerId: string, failingAfter: number): Promise<OriginHealth[]> {
  const { rows } = await db.raw<{ rows: (HealthRow & { origin: string; settings: PostbackSettings })[] }>(
    `select e.origin, ${HEALTH}, p.postback as settings from partner_endpoints e join partners p using (partner_id)
     where e.partner_id = :partnerId and p.postback is not null
     order by e.consecutive_failures desc, e.last_failure_at desc nulls last, e.origin`,
    { partnerId, failingAfter },
  );
  return rows.flatMap(({ origin, settings, ...row }) =>
    originsOf(settings).includes(origin) ? [{ origin, health: toHealth(row) }] : [],
  );
}

/** What is told of a partner's endpoints in one: the first of them, which is the worst. */
export function worstOf([worst]: OriginHealth[]): EndpointHealth {
  return worst?.health ?? NOTHING_KNOWN;
}

/** A page of the endpoints that anything is known of, in the order of their partners' ids and of their origins. */
export async function listEndpoints(
  db: Knex,
  { limit, after = '', state }: EndpointPage,
  failingAfter: number,
): Promise<PartnerEndpoint[]> {
  const [afterId, afterOrigin = ''] = after.split(' ', 2);
  const { rows } = await db.raw<{ rows: (HealthRow & Pick<PartnerEndpoint, 'partner_id' | 'name' | 'origin'>)[] }>(
    `select e.partner_id, p.name, e.origin, ${HEALTH} from partner_endpoints e join partners p using (partner_id)
     where (e.partner_id, e.origin) > (:afterId, :afterOrigin) and (:state::text is null or ${STATE} = :state)
     order by e.partner_id, e.origin limit :limit`,
    { limit, afterId: afterId ?? '', afterOrigin, state: state ?? null, failingAfter },
  );
  return rows.map(toHealth);
}

/** Where the page after this endpoint begins. */
export function placeOf({ partner_id, origin }: PartnerEndpoint): string {
  return `${partner_id} ${origin}`;
}

/** How many endpoints are failing. */
export async function countFailingEndpoints(db: Knex, failingAfter: number): Promise<number> {
  const { rows } = await db.raw<{ rows: { failing: number }[] }>(
    `select count(*) as failing from partner_endpoints e where ${IS_FAILING}`,
    { failingAfter },
  );
  return rows[0]?.failing ?? 0;
}

function toHealth<Row extends HealthRow>({ canary_at, canary_http_status, canary_error, ...row }: Row) {
  const canary = canary_at === null ? null : { at: canary_at, http_status: canary_http_status, error: canary_error };
  return { ...row, canary };
}
