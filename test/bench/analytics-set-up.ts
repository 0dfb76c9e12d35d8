// A large network's last 30 days, written set by set: one partner with most of it, and others beside.
import type { Knex } from 'knex';
import { createAdvertiser } from '../../src/db/advertisers.ts';
import { recountAll } from '../../src/db/counting/counting.ts';
import { createOffer } from '../../src/db/offers.ts';
import { createPartner } from '../../src/db/partners.ts';

export type AnalyticsData = {
  partnerId: string;
  partnerKey: string;
  /** The first moment and the first after the last; ISO 8601. */
  from: string;
  to: string;
  /** A ref_id that came with many visits, and one that came with one, which has a postback. */
  commonRefId: string;
  rareRefId: string;
  conversionId: string;
  counts: Record<'touches' | 'conversions' | 'postbacks', number>;
};

export type AnalyticsSize = { touches: number; days: number };

const DAY_MS = 24 * 60 * 60 * 1000;
const OFFERS = 20;
const OTHERS = 50;
// Five touches in six are the partner's, and each fifth touch leads to a conversion with one status.
const PARTNERS_SHARE = 5 / 6;
const TOUCHES_AT_ONCE = 250_000;

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** SQL for how ids begin, as `beginOfId` makes them. @param ms a bigint column */
function beginOfId(ms: string): string {
  const digits = Array.from(
    { length: 9 },
    (_, index) => `substr('${DIGITS}', (${ms} / ${36 ** (8 - index)} % 36)::int + 1, 1)`,
  );
  return digits.join(' || ');
}

// `mix` and `other_mix` say what a visit is like, one as little related to the other as to the number.
const FILL = `
  create temporary table made as
    select n, at, id, case when n % 6 = 5 then 'other-' || n / 6 % ${OTHERS} else :partnerId end as partner_id,
      case when mix < 500 then 'click-' || n when mix < 900 then 'campaign-' || n / 7 % 20 end as ref_id,
      n % 5 = 0 as has_conversion, n % 5 = 0 and at < :to::timestamptz - interval '1 hour' as has_status,
      'offer-' || n / 5 % ${OFFERS} as offer_id, at + interval '1 hour' as status_at,
      (array['pending', 'approved', 'approved', 'rejected'])[1 + (other_mix % 4)::int] as status,
      case when mix >= 900 then 'skipped' when other_mix < 20 then 'failed' when other_mix < 40 then 'retrying'
        when other_mix < 60 then 'superseded' else 'delivered' end as state
    from (
      select n, at, n::bigint * 7919 % 997 as mix, n::bigint * 104729 % 991 as other_mix,
        ${beginOfId('ms')} || lpad(n::text, 15, '0') as id
      from (
        select n, ms, timestamptz 'epoch' + ms * interval '1 millisecond' as at
        from generate_series(:first::int, :last::int) n
        cross join lateral (select (:fromMs::float8 + n * :stepMs::float8)::bigint as ms) m
      ) numbers
    ) moments;
  insert into leads (lead_id, last_seq, last_activity_at, created_at)
    select id, 1 + has_conversion::int + has_status::int, at, at from made;
  insert into lead_events (lead_id, seq, at, type, partner_id, ref_id) select id, 1, at, 'touch', partner_id, ref_id from made;
  insert into lead_events (lead_id, seq, at, type, conversion_id, offer_id, advertiser_id)
    select id, 2, at, 'conversion', id, offer_id, :advertiserId from made where has_conversion;
  insert into lead_events (lead_id, seq, at, type, conversion_id, offer_id, advertiser_id, status, price_amount,
                           price_currency, price_version)
    select id, 3, status_at, 'status', id, offer_id, :advertiserId, status, 1250, 'USD', 1 from made where has_status;
  insert into conversions (conversion_id, lead_id, seq, offer_id, advertiser_id, created_at, status, status_at)
    select id, id, 2, offer_id, :advertiserId, at, case when has_status then status end, case when has_status then status_at end
    from made where has_conversion;
  insert into settlements (conversion_id, seq, lead_id, status, partner_id, touch_seq, reward, settled_at)
    select id, 3, id, status, partner_id, 1, case when status = 'approved' then 'book' else 'none' end, status_at
    from made where has_status;
  insert into ledger_lines (conversion_id, seq, partner_id, kind, amount, currency, price_version, at)
    select id, 3, partner_id, 'reward', 1250, 'USD', 1, status_at from made where has_status and status = 'approved';
  insert into postbacks (postback_id, conversion_id, seq, lead_id, partner_id, offer_id, ref_id, status, payout, currency,
                         event_at, created_at, ended_at, state, skip_reason, next_attempt_at)
    select 'p' || lpad(n::text, 15, '0'), id, 3, id, partner_id, offer_id, ref_id, status, 1250, 'USD', status_at, status_at,
      case when state <> 'retrying' then status_at end, state, case when state = 'skipped' then 'no_ref_id' end,
      case when state = 'retrying' then :to::timestamptz + interval '1 day' end
    from made where has_status;
  insert into postback_attempts (postback_id, attempt, started_at, ended_at, method, url, outcome, duration_ms, http_status,
                                 response_body)
    select 'p' || lpad(n::text, 15, '0'), 1, status_at, status_at, 'GET',
      'https://tracker.example/postback?cid=' || ref_id || '&status=' || status,
      case when state = 'delivered' then 'delivered' else 'refused' end, 120, case when state = 'delivered' then 200 else 503 end, 'ok'
    from made where has_status and state <> 'skipped';
  drop table made`;

/**
 * Fills a migrated, empty database; nothing is counted yet.
 *
 * @param db with patience for statements of minutes, and one connection
 * @param size how many touches the partner has, spread evenly over the days before now
 */
export async function fillForAnalytics(db: Knex, { touches, days }: AnalyticsSize): Promise<AnalyticsData> {
  const { partner, apiKey } = await createPartner(db, { name: 'Large Media', partner_id: 'large-media' });
  const partnerId = partner.partner_id;
  for (let number = 0; number < OTHERS; number++) {
    await createPartner(db, { name: `Other ${number}`, partner_id: `other-${number}` });
  }
  const { advertiser } = await createAdvertiser(db, { name: 'Bank' });
  const advertiserId = advertiser.advertiser_id;
  for (let number = 0; number < OFFERS; number++) await createOffer(db, offerOf(advertiserId, number));

  const all = Math.round(touches / PARTNERS_SHARE);
  const now = Date.now();
  const [from, to] = [new Date(now - days * DAY_MS).toISOString(), new Date(now).toISOString()];
  const stepMs = (days * DAY_MS) / all;
  const restoreIndexes = await dropIndexes(db);
  for (let first = 0; first < all; first += TOUCHES_AT_ONCE) {
    const last = Math.min(all, first + TOUCHES_AT_ONCE) - 1;
    const values = { partnerId, advertiserId, to, fromMs: now - days * DAY_MS, stepMs, first, last };
    for (const statement of FILL.split(';')) await db.raw(statement, values);
  }
  await restoreIndexes();
  await db.raw('vacuum analyze');
  await recountAll(db);
  return { partnerId, partnerKey: apiKey, from, to, ...(await findSamples(db, partnerId)) };
}

/**
 * Indexes are built in a fraction of the time when all rows are there. Without them, what refers to other rows cannot be
 * checked either; it is right as it is made. @returns makes the indexes
 */
async function dropIndexes(db: Knex): Promise<() => Promise<void>> {
  const { rows: indexes } = await db.raw<{ rows: { name: string; definition: string }[] }>(
    `select indexname as name, indexdef as definition from pg_indexes
     where tablename in ('lead_events', 'conversions', 'settlements', 'ledger_lines', 'postbacks', 'postback_attempts')
       and schemaname = 'public' and indexdef not like 'CREATE UNIQUE%'`,
  );
  for (const { name } of indexes) await db.raw('drop index ??', [name]);
  await db.raw('set session_replication_role = replica');
  return async () => {
    for (const { definition } of indexes) await db.raw(definition);
    await db.raw('set session_replication_role = origin');
  };
}

function offerOf(advertiserId: string, number: number) {
  return {
    offer_id: `offer-${number}`,
    advertiser_id: advertiserId,
    name: `Offer ${number}`,
    url: 'https://bank.example/?click={conversion_id}',
    reward: { amount: 1250, currency: 'USD' },
  };
}

async function findSamples(db: Knex, partnerId: string) {
  const { rows } = await db.raw<{ rows: [AnalyticsData['counts']] }>(
    `select (select count(*) from lead_events where type = 'touch' and partner_id = :partnerId) as touches,
       (select count(*) from conversions c join lead_events e on e.lead_id = c.lead_id and e.seq = 1
        where e.partner_id = :partnerId) as conversions,
       (select count(*) from postbacks where partner_id = :partnerId) as postbacks`,
    { partnerId },
  );
  const rare = await db('postbacks')
    .where({ partner_id: partnerId, state: 'delivered' })
    .whereLike('ref_id', 'click-%')
    .first<{ ref_id: string; conversion_id: string }>('ref_id', 'conversion_id');
  return { counts: rows[0], commonRefId: 'campaign-7', rareRefId: rare.ref_id, conversionId: rare.conversion_id };
}
