import type { Knex } from 'knex';
import { customAlphabet } from 'nanoid';
import { PARTNER_ID_LENGTH } from '../domain/ids.ts';
import type { PostbackSettings } from '../domain/postback-settings.ts';
import type { RefIdProblem } from '../domain/ref-id.ts';
import { AppError } from '../errors.ts';
import { makeKey } from './keys.ts';

export type State = 'active' | 'paused';

export type Partner = {
  partner_id: string;
  name: string;
  state: State;
  api_key_prefix: string;
  postback: PostbackSettings | null;
  created_at: string;
  updated_at: string;
};

export type Advertiser = {
  advertiser_id: string;
  name: string;
  state: State;
  token_prefix: string;
  created_at: string;
  updated_at: string;
};

/** Minor units of an ISO 4217 currency. */
type Reward = { amount: number; currency: string };

export type Offer = {
  offer_id: string;
  advertiser_id: string;
  name: string;
  description: string;
  url: string;
  reward: Reward;
  price_version: number;
  state: State;
  created_at: string;
  updated_at: string;
};

/** Keyset pagination: the ids after `after`, in their order. */
export type Page = { limit: number; after?: string | undefined };

const PARTNER_COLUMNS = ['partner_id', 'name', 'state', 'api_key_prefix', 'postback', 'created_at', 'updated_at'];
const ADVERTISER_COLUMNS = ['advertiser_id', 'name', 'state', 'token_prefix', 'created_at', 'updated_at'];
const MAX_WARNINGS_COUNTED = 10_000;

const makePartnerId = customAlphabet('abcdefghijklmnopqrstuvwxyz0123456789', PARTNER_ID_LENGTH);
const makeSuffix = customAlphabet('abcdefghijklmnopqrstuvwxyz0123456789', 6);

/** @throws AppError `taken` when the given id is */
export async function createPartner(
  db: Knex,
  given: { name: string; partner_id?: string | undefined; postback?: PostbackSettings | null | undefined },
): Promise<{ partner: Partner; api_key: string }> {
  const { key, hash, prefix } = makeKey('ck');
  const partnerId = given.partner_id ?? makePartnerId();
  const partner = await insertOne<Partner>(db, 'partners', PARTNER_COLUMNS, {
    partner_id: partnerId,
    name: given.name,
    api_key_hash: hash,
    api_key_prefix: prefix,
    postback: toJson(given.postback),
  });
  return { partner, api_key: key };
}

export async function readPartner(db: Knex, partnerId: string): Promise<Partner | undefined> {
  return await db('partners').where({ partner_id: partnerId }).first<Partner | undefined>(PARTNER_COLUMNS);
}

export async function listPartners(db: Knex, page: Page): Promise<Partner[]> {
  return await readPage<Partner>(db, { table: 'partners', id: 'partner_id', columns: PARTNER_COLUMNS }, page);
}

/** Changes what is given; `postback: null` removes the settings. */
export async function updatePartner(
  db: Knex,
  partnerId: string,
  patch: { name?: string | undefined; state?: State | undefined; postback?: PostbackSettings | null | undefined },
): Promise<Partner | undefined> {
  const { name, state, postback } = patch;
  const [partner] = await db('partners')
    .where({ partner_id: partnerId })
    .update({ name, state, postback: toJson(postback), updated_at: db.fn.now() })
    .returning<Partner[]>(PARTNER_COLUMNS);
  return partner;
}

/** Gives a partner a new API key; the old one ends at once. */
export async function replacePartnerKey(db: Knex, partnerId: string): Promise<string | undefined> {
  const { key, hash, prefix } = makeKey('ck');
  const changed = await db('partners')
    .where({ partner_id: partnerId })
    .update({ api_key_hash: hash, api_key_prefix: prefix, updated_at: db.fn.now() });
  return changed > 0 ? key : undefined;
}

/** Whose API key has this hash. */
export async function findPartnerByKeyHash(db: Knex, keyHash: string): Promise<Partner | undefined> {
  return await db('partners').where({ api_key_hash: keyHash }).first<Partner | undefined>(PARTNER_COLUMNS);
}

/** @throws AppError `taken` when the given id is */
export async function createAdvertiser(
  db: Knex,
  given: { name: string; advertiser_id?: string | undefined },
): Promise<{ advertiser: Advertiser; token: string }> {
  const { key, hash, prefix } = makeKey('at');
  const advertiser = await insertOne<Advertiser>(db, 'advertisers', ADVERTISER_COLUMNS, {
    advertiser_id: given.advertiser_id ?? makeReadableId(given.name, 'advertiser'),
    name: given.name,
    token_hash: hash,
    token_prefix: prefix,
  });
  return { advertiser, token: key };
}

export async function readAdvertiser(db: Knex, advertiserId: string): Promise<Advertiser | undefined> {
  return await db('advertisers')
    .where({ advertiser_id: advertiserId })
    .first<Advertiser | undefined>(ADVERTISER_COLUMNS);
}

export async function listAdvertisers(db: Knex, page: Page): Promise<Advertiser[]> {
  return await readPage<Advertiser>(
    db,
    { table: 'advertisers', id: 'advertiser_id', columns: ADVERTISER_COLUMNS },
    page,
  );
}

export async function updateAdvertiser(
  db: Knex,
  advertiserId: string,
  { name, state }: { name?: string | undefined; state?: State | undefined },
): Promise<Advertiser | undefined> {
  const [advertiser] = await db('advertisers')
    .where({ advertiser_id: advertiserId })
    .update({ name, state, updated_at: db.fn.now() })
    .returning<Advertiser[]>(ADVERTISER_COLUMNS);
  return advertiser;
}

/** Gives an advertiser a new token; the old one ends at once. */
export async function replaceAdvertiserToken(db: Knex, advertiserId: string): Promise<string | undefined> {
  const { key, hash, prefix } = makeKey('at');
  const changed = await db('advertisers')
    .where({ advertiser_id: advertiserId })
    .update({ token_hash: hash, token_prefix: prefix, updated_at: db.fn.now() });
  return changed > 0 ? key : undefined;
}

/** The id of the advertiser whose token has this hash. A paused one still reports on conversions he has. */
export async function findAdvertiserByTokenHash(db: Knex, tokenHash: string): Promise<string | undefined> {
  const row = await db('advertisers')
    .where({ token_hash: tokenHash })
    .first<{ advertiser_id: string } | undefined>('advertiser_id');
  return row?.advertiser_id;
}

export type NewOffer = {
  advertiser_id: string;
  name: string;
  url: string;
  reward: Reward;
  description?: string | undefined;
  offer_id?: string | undefined;
};

/** @throws AppError `taken` when the given id is, `invalid` when there is no such advertiser */
export async function createOffer(db: Knex, given: NewOffer): Promise<Offer> {
  const row = await insertOne<OfferRow>(db, 'offers', ['*'], {
    offer_id: given.offer_id ?? makeReadableId(given.name, 'offer'),
    advertiser_id: given.advertiser_id,
    name: given.name,
    description: given.description ?? '',
    url: given.url,
    reward_amount: given.reward.amount,
    reward_currency: given.reward.currency,
  });
  return toOffer(row);
}

export async function readOffer(db: Knex, offerId: string): Promise<Offer | undefined> {
  const row = await db('offers').where({ offer_id: offerId }).first<OfferRow | undefined>();
  return row && toOffer(row);
}

export async function listOffers(db: Knex, page: Page & { advertiser_id?: string | undefined }): Promise<Offer[]> {
  const rows = await readPage<OfferRow>(db, { table: 'offers', id: 'offer_id', columns: ['*'] }, page);
  return rows.map(toOffer);
}

export type OfferPatch = {
  name?: string | undefined;
  state?: State | undefined;
  url?: string | undefined;
  description?: string | undefined;
  reward?: Reward | undefined;
};

/** Changes what is given. R13: another reward is another version of the price. */
export async function updateOffer(db: Knex, offerId: string, patch: OfferPatch): Promise<Offer | undefined> {
  const { reward, ...columns } = patch;
  const price = reward && {
    reward_amount: reward.amount,
    reward_currency: reward.currency,
    price_version: db.raw('price_version + ((reward_amount, reward_currency) is distinct from (?::bigint, ?))::int', [
      reward.amount,
      reward.currency,
    ]),
  };
  const [row] = await db('offers')
    .where({ offer_id: offerId })
    .update({ ...columns, ...price, updated_at: db.fn.now() })
    .returning<OfferRow[]>('*');
  return row && toOffer(row);
}

/** What the click path needs to know of an offer: itself and its advertiser are active. */
export type ActiveOffer = Pick<Offer, 'offer_id' | 'advertiser_id' | 'name' | 'description' | 'url'> & {
  advertiser_name: string;
};

export type CatalogueContent = { version: number; partnerIds: string[]; offers: ActiveOffer[] };

/** Everything the click path needs, as it was at one moment: its version never says more than it holds. */
export async function loadCatalogue(db: Knex): Promise<CatalogueContent> {
  return await db.transaction(
    async (trx) => {
      const version = await readCatalogueVersion(trx);
      const partners = await trx('partners').where({ state: 'active' }).select<{ partner_id: string }[]>('partner_id');
      const offers = await trx('offers as o')
        .join('advertisers as a', 'a.advertiser_id', 'o.advertiser_id')
        .where({ 'o.state': 'active', 'a.state': 'active' })
        .orderBy(['o.created_at', 'o.offer_id'])
        .select<ActiveOffer[]>(
          'o.offer_id',
          'o.advertiser_id',
          'o.name',
          'o.description',
          'o.url',
          'a.name as advertiser_name',
        );
      return { version, partnerIds: partners.map((partner) => partner.partner_id), offers };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

export async function readCatalogueVersion(db: Knex): Promise<number> {
  const row = await db('catalogue_version').first<{ version: number } | undefined>('version');
  if (!row) throw new Error('The table catalogue_version is empty; run the migrations on this database.');
  return row.version;
}

export type RefIdWarning = {
  problem: RefIdProblem;
  /** At most 10,000 are counted. */
  count: number;
  latest_sample: string | null;
  latest_at: string;
};

/** R5: the unusable ref_ids a partner has sent, by what is wrong with them. */
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

type OfferRow = Omit<Offer, 'reward'> & { reward_amount: number; reward_currency: string };

function toOffer({ reward_amount: amount, reward_currency: currency, ...offer }: OfferRow): Offer {
  return { ...offer, reward: { amount, currency } };
}

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';

async function insertOne<Row>(
  db: Knex,
  table: 'partners' | 'advertisers' | 'offers',
  columns: string[],
  values: Record<string, unknown>,
): Promise<Row> {
  try {
    const rows = (await db(table).insert(values).returning(columns)) as Row[];
    return rows[0] as Row;
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    const id = String(Object.values(values)[0]);
    if (code === UNIQUE_VIOLATION) {
      throw new AppError('taken', `The id ${id} is taken: choose another, or leave it out and get one.`, { cause });
    }
    if (code === FOREIGN_KEY_VIOLATION) {
      const message = `there is no advertiser ${String(values.advertiser_id)}`;
      throw new AppError('invalid', message, { cause, problems: [{ field: 'advertiser_id', message }] });
    }
    throw cause;
  }
}

async function readPage<Row>(
  db: Knex,
  { table, id, columns }: { table: string; id: string; columns: string[] },
  { limit, after, ...filter }: Page & { advertiser_id?: string | undefined },
): Promise<Row[]> {
  const query = db(table).orderBy(id).limit(limit);
  if (after !== undefined) void query.where(id, '>', after);
  if (filter.advertiser_id !== undefined) void query.where(filter);
  return (await query.select(columns)) as Row[];
}

/** knex would write a plain object as text; undefined leaves the column alone. */
function toJson(settings: PostbackSettings | null | undefined): string | null | undefined {
  return settings ? JSON.stringify(settings) : settings;
}

/** `Green Energy Ltd.` becomes something like `green-energy-ltd-x7f2k9`: people read these ids in reports. */
function makeReadableId(name: string, fallback: string): string {
  const ascii = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 30)
    .replace(/^-+|-+$/g, '');
  return `${ascii || fallback}-${makeSuffix()}`;
}
