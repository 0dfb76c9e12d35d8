import type { Knex } from 'knex';
import { statuses, type Status } from '../../domain/status.ts';
import { postbackStates, type PostbackState, type SkipReason } from '../postbacks.ts';
import type { TimeRange } from './ids-in-time.ts';
import { allOf, offerCondition, readPage, ifAsked, type List, type Page, type PageQuery } from './pages.ts';

/** `partner_id` may be `house`. The cursor of a page is the time in microseconds and the id of a postback. */
export type PostbackQuery = PageQuery &
  TimeRange & {
    partner_id?: string | undefined;
    ref_id?: string | undefined;
    conversion_id?: string | undefined;
    advertiser_id?: string | undefined;
    offer_id?: string | undefined;
    state?: PostbackState | undefined;
    status?: Status | undefined;
  };

export type ListedPostback = {
  postback_id: string;
  conversion_id: string;
  lead_id: string;
  seq: number;
  partner_id: string;
  offer_id: string;
  ref_id: string | null;
  status: Status;
  reason: string | null;
  is_handover: boolean;
  /** In minor units. */
  payout: { amount: number; currency: string };
  state: PostbackState;
  skip_reason: SkipReason | null;
  /** How many attempts were begun. */
  attempts: number;
  next_attempt_at: string | null;
  created_at: string;
  ended_at: string | null;
};

type FoundPostback = Omit<ListedPostback, 'payout'> & { amount: number; currency: string };

const KEY = `(extract(epoch from created_at) * 1000000)::bigint || ' ' || postback_id`;
const AFTER_CURSOR = `(created_at, postback_id)
  < (timestamptz 'epoch' + :cursor_us::float8 * interval '1 microsecond', :cursor_id)`;

const COLUMNS = `f.postback_id, f.conversion_id, f.lead_id, f.seq, coalesce(f.partner_id, 'house') as partner_id, f.offer_id,
  f.ref_id, f.status, f.reason, f.is_handover, f.payout as amount, f.currency, f.state, f.skip_reason,
  (select count(*) from postback_attempts a where a.postback_id = f.postback_id) as attempts,
  f.next_attempt_at, f.created_at, f.ended_at`;

/** Whose postback it is, and of which lead; `partnerId` null is the house. */
export type PostbackAddress = { postbackId: string; partnerId: string | null; conversionId: string; leadId: string };

/** @returns undefined when there is no such postback */
export async function findPostback(db: Knex, postbackId: string): Promise<PostbackAddress | undefined> {
  return await db('postbacks')
    .where({ postback_id: postbackId })
    .select({
      postbackId: 'postback_id',
      partnerId: 'partner_id',
      conversionId: 'conversion_id',
      leadId: 'lead_id',
    })
    .first<PostbackAddress | undefined>();
}

/** Postbacks, the newest first. */
export async function listPostbacks(db: Knex, query: PostbackQuery): Promise<Page<ListedPostback>> {
  const { cursor, from, to } = query;
  const [cursor_us, cursor_id] = cursor?.split(' ') ?? [];
  const onKeys = [
    ...ifAsked(from, 'created_at >= :from'),
    ...ifAsked(to, 'created_at < :to'),
    ...ifAsked(cursor, AFTER_CURSOR),
  ];
  const { walk, rest } = walkPostbacks(query, onKeys);
  const list: List = {
    table: 'postbacks',
    id: 'postback_id',
    order: ['created_at', 'postback_id'],
    walk: `
      select created_at, postback_id, ${KEY} as key from (${walk}) p
      order by created_at desc, postback_id desc limit :walk`,
    filter: {
      joins: ifAsked(rest.advertiser_id, ' join offers o on o.offer_id = r.offer_id'),
      conditions: [
        ...ifAsked(rest.partner_id, `coalesce(r.partner_id, 'house') = :partner_id`),
        ...ifAsked(rest.offer_id, 'r.offer_id = :offer_id'),
        ...ifAsked(rest.advertiser_id, 'o.advertiser_id = :advertiser_id'),
        ...ifAsked(rest.ref_id, 'r.ref_id = :ref_id'),
        ...ifAsked(rest.state, 'r.state = :state'),
        ...ifAsked(rest.status, 'r.status = :status'),
      ],
    },
    show: { columns: COLUMNS, joins: [] },
  };
  const values = { ...query, cursor_us, cursor_id, states: postbackStates, statuses };
  const { rows, next } = await readPage<FoundPostback>(db, list, values);
  return { rows: rows.map(toListed), next };
}

// One after the other from the index: among all partners there are few with the same ref_id.
const PARTNERS_OF_REF_ID = `(
    with recursive o as (
      select min(partner_id) as partner_id from postbacks where ref_id = :ref_id
      union all
      select (select min(partner_id) from postbacks p where p.ref_id = :ref_id and p.partner_id > o.partner_id)
      from o where o.partner_id is not null
    )
    select partner_id from o where partner_id is not null
  ) o`;

/** Goes through the index that leads to the fewest postbacks; `rest` is what it does not tell. */
function walkPostbacks(query: PostbackQuery, onKeys: string[]): { walk: string; rest: Partial<PostbackQuery> } {
  const { conversion_id, ref_id, partner_id, offer_id, advertiser_id, state, status } = query;
  if (conversion_id !== undefined) {
    return { walk: newest(['conversion_id = :conversion_id', ...onKeys]), rest: query };
  }
  // An index with state and status is in order of time within one of each; they are merged.
  const kinds = `unnest(${state ? 'array[:state]' : ':states::text[]'}) as state
    cross join unnest(${status ? 'array[:status]' : ':statuses::text[]'}) as status`;
  const ofKind = ['p.state = s.state', 'p.status = s.status', ...onKeys];
  if (ref_id !== undefined) {
    const partners = partner_id === undefined ? PARTNERS_OF_REF_ID : '(select :partner_id::text as partner_id) o';
    const each = `(select * from ${kinds} cross join ${partners}) s`;
    return {
      walk: newestOfEach(each, ['p.ref_id = :ref_id', 'p.partner_id = s.partner_id', ...ofKind]),
      rest: { offer_id, advertiser_id },
    };
  }
  if (partner_id !== undefined) {
    const ofPartner = partner_id === 'house' ? 'partner_id is null' : 'partner_id = :partner_id';
    return {
      walk: newestOfEach(`(select * from ${kinds}) s`, [ofPartner, ...ofKind]),
      rest: { offer_id, advertiser_id },
    };
  }
  if (offer_id !== undefined || advertiser_id !== undefined) {
    const each = `(select * from ${kinds} cross join (select offer_id from offers where ${offerCondition(query)}) o) s`;
    return { walk: newestOfEach(each, ['p.offer_id = s.offer_id', ...ofKind]), rest: {} };
  }
  return { walk: newestOfEach(`(select * from ${kinds}) s`, ofKind), rest: {} };
}

function newest(conditions: string[]): string {
  return `
    select created_at, postback_id from postbacks p where ${allOf(conditions)}
    order by created_at desc, postback_id desc limit :walk`;
}

/** The newest postbacks of each row of `source`; the newest among them are those of all. */
function newestOfEach(source: string, conditions: string[]): string {
  return `select of_one.* from ${source} cross join lateral (${newest(conditions)}) of_one`;
}

function toListed({ amount, currency, ...postback }: FoundPostback): ListedPostback {
  return { ...postback, payout: { amount, currency } };
}
