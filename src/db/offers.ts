import type { Knex } from 'knex';
import { refuseField } from '../errors.ts';
import { newReadableId } from '../new-ids.ts';
import {
  insertOne,
  readCatalogueRows,
  type CatalogueState,
  type CatalogueTable,
  type CataloguePageQuery,
} from './catalogue-rows.ts';

const OFFER_COLUMNS = [
  'offer_id',
  'advertiser_id',
  'name',
  'description',
  'url',
  'reward_amount',
  'reward_currency',
  'price_version',
  'state',
  'created_at',
  'updated_at',
];
const OFFERS: CatalogueTable = { table: 'offers', id: 'offer_id', columns: OFFER_COLUMNS };

/** Minor units of an ISO 4217 currency. */
type Reward = { amount: number; currency: string };

/** An offer's record as ops see it. `price_version` counts the rewards it has had; `url` holds its macros. */
export type Offer = {
  offer_id: string;
  advertiser_id: string;
  name: string;
  description: string;
  url: string;
  reward: Reward;
  price_version: number;
  state: CatalogueState;
  created_at: string;
  updated_at: string;
};

/** Without an `offer_id` it gets one made of its name. */
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
  const row = await insertOne<OfferRow>(db, OFFERS, {
    offer_id: given.offer_id ?? newReadableId(given.name, 'offer'),
    advertiser_id: given.advertiser_id,
    name: given.name,
    description: given.description ?? '',
    url: given.url,
    reward_amount: given.reward.amount,
    reward_currency: given.reward.currency,
  });
  return toOffer(row);
}

/** @returns undefined when there is no such offer */
export async function readOffer(db: Knex, offerId: string): Promise<Offer | undefined> {
  const row = await db('offers').where({ offer_id: offerId }).first<OfferRow | undefined>(OFFER_COLUMNS);
  return row && toOffer(row);
}

/** A page of offers, in the order of their ids; of one advertiser when `advertiser_id` is given. */
export async function listOffers(
  db: Knex,
  page: CataloguePageQuery & { advertiser_id?: string | undefined },
): Promise<Offer[]> {
  const rows = await readCatalogueRows<OfferRow>(db, OFFERS, page);
  return rows.map(toOffer);
}

/** What is undefined stays as it is. */
export type OfferPatch = {
  name?: string | undefined;
  state?: CatalogueState | undefined;
  url?: string | undefined;
  description?: string | undefined;
  reward?: Reward | undefined;
};

/**
 * Changes what is given. R13: another reward is another version of the price.
 * @returns undefined when there is none
 * @throws AppError `invalid` for another currency than that of the offer's price lists
 */
export async function updateOffer(db: Knex, offerId: string, patch: OfferPatch): Promise<Offer | undefined> {
  if (!patch.reward) return await writePatch(db, offerId, patch);
  const { currency } = patch.reward;
  return await db.transaction(async (trx) => {
    await refuseOtherCurrency(trx, offerId, currency);
    return await writePatch(trx, offerId, patch);
  });
}

/** Whoever makes a price list locks the offer as well, so none can be made in between. */
async function refuseOtherCurrency(trx: Knex, offerId: string, currency: string): Promise<void> {
  await trx('offers').where({ offer_id: offerId }).forNoKeyUpdate().select('offer_id');
  const list = await trx('price_lists')
    .where({ offer_id: offerId })
    .first<{ currency: string } | undefined>('currency');
  if (!list || list.currency === currency) return;
  throw refuseField('reward.currency', `must stay ${list.currency}, the currency of the offer's price lists`);
}

async function writePatch(db: Knex, offerId: string, patch: OfferPatch): Promise<Offer | undefined> {
  const { reward, ...columns } = patch;
  const price = reward && {
    reward_amount: reward.amount,
    reward_currency: reward.currency,
    price_version: db.raw(
      'price_version + ((reward_amount, reward_currency) is distinct from (:amount::bigint, :currency))::int',
      reward,
    ),
  };
  const [row] = await db('offers')
    .where({ offer_id: offerId })
    .update({ ...columns, ...price, updated_at: db.fn.now() })
    .returning<OfferRow[]>(OFFER_COLUMNS);
  return row && toOffer(row);
}

type OfferRow = Omit<Offer, 'reward'> & { reward_amount: number; reward_currency: string };

function toOffer({ reward_amount: amount, reward_currency: currency, ...offer }: OfferRow): Offer {
  return { ...offer, reward: { amount, currency } };
}
