import type { Knex } from 'knex';
import { originsOf, type PostbackSettings } from '../domain/postbacks/postback-settings.ts';
import type { RefIdProblem } from '../domain/ref-id.ts';
import { newPartnerId } from '../new-ids.ts';
import {
  insertOne,
  readCatalogueRows,
  type CatalogueState,
  type CatalogueTable,
  type CataloguePageQuery,
} from './catalogue-rows.ts';
import { makeKey } from './keys/keys.ts';

/** A partner's record as ops see it; of its API key only the beginning is known, `postback` is null without settings. */
export type Partner = {
  partner_id: string;
  name: string;
  state: CatalogueState;
  api_key_prefix: string;
  postback: PostbackSettings | null;
  created_at: string;
  updated_at: string;
};

const PARTNER_COLUMNS = ['partner_id', 'name', 'state', 'api_key_prefix', 'postback', 'created_at', 'updated_at'];
const PARTNERS: CatalogueTable = { table: 'partners', id: 'partner_id', columns: PARTNER_COLUMNS };
const MAX_WARNINGS_COUNTED = 10_000;

/**
 * Makes a partner, and the API key that is shown this once.
 * @throws AppError `taken` when the given id is
 */
export async function createPartner(
  db: Knex,
  given: { name: string; partner_id?: string | undefined; postback?: PostbackSettings | null | undefined },
): Promise<{ partner: Partner; apiKey: string }> {
  const { key, hash, prefix } = makeKey('ck');
  const partnerId = given.partner_id ?? newPartnerId();
  const partner = await insertOne<Partner>(db, PARTNERS, {
    partner_id: partnerId,
    name: given.name,
    api_key_hash: hash,
    api_key_prefix: prefix,
    postback: toJson(given.postback),
  });
  return { partner, apiKey: key };
}

/** @returns undefined when there is no such partner */
export async function readPartner(db: Knex, partnerId: string): Promise<Partner | undefined> {
  return await db('partners').where({ partner_id: partnerId }).first<Partner | undefined>(PARTNER_COLUMNS);
}

/** A page of partners, in the order of their ids. */
export async function listPartners(db: Knex, page: CataloguePageQuery): Promise<Partner[]> {
  return await readCatalogueRows<Partner>(db, PARTNERS, page);
}

/**
 * Changes what is given; `postback: null` removes the settings. How endpoints answered that the settings name no more is
 * forgotten.
 * @returns undefined when there is no such partner
 */
export async function updatePartner(
  db: Knex,
  partnerId: string,
  patch: {
    name?: string | undefined;
    state?: CatalogueState | undefined;
    postback?: PostbackSettings | null | undefined;
  },
): Promise<Partner | undefined> {
  const { name, state, postback } = patch;
  const [partner] = await db('partners')
    .where({ partner_id: partnerId })
    .update({ name, state, postback: toJson(postback), updated_at: db.fn.now() })
    .returning<Partner[]>(PARTNER_COLUMNS);
  if (partner && postback !== undefined) await forgetOtherEndpoints(db, partner);
  return partner;
}

async function forgetOtherEndpoints(db: Knex, { partner_id, postback }: Partner): Promise<void> {
  await db('partner_endpoints')
    .where({ partner_id })
    .whereNotIn('origin', postback ? originsOf(postback) : [])
    .delete();
}

/** How and where a partner wants to be told, as it stands now; null when it has not said. */
export async function readPostbackSettings(db: Knex, partnerId: string): Promise<PostbackSettings | null> {
  const row = await db('partners')
    .where({ partner_id: partnerId })
    .first<{ postback: PostbackSettings | null } | undefined>('postback');
  return row?.postback ?? null;
}

/** Touches of one partner whose ref_id was unusable in one way; the sample is the latest one's beginning. */
export type RefIdWarning = {
  problem: RefIdProblem;
  /** At most 10,000 are counted. */
  count: number;
  latest_sample: string | null;
  latest_at: string;
};

/** R5: the unusable ref_ids a partner has sent, by what is wrong with them; empty when there are none. */
export async function listRefIdWarnings(db: Knex, partnerId: string): Promise<RefIdWarning[]> {
  const { rows } = await db.raw<{ rows: RefIdWarning[] }>(
    `select ref_id_problem as problem, count(*) as count, max(at) as latest_at,
       (array_agg(ref_id_sample order by at desc))[1] as latest_sample
     from (
       select ref_id_problem, ref_id_sample, at from lead_events
       where partner_id = :partnerId and ref_id_problem is not null
       order by at desc
       limit :limit
     ) latest
     group by ref_id_problem
     order by ref_id_problem`,
    { partnerId, limit: MAX_WARNINGS_COUNTED },
  );
  return rows;
}

/** knex would write a plain object as text; undefined leaves the column alone. */
function toJson(settings: PostbackSettings | null | undefined): string | null | undefined {
  return settings ? JSON.stringify(settings) : settings;
}
