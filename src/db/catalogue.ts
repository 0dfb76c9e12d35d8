import type { Knex } from 'knex';
import type { OriginProofs } from '../domain/origin-proofs.ts';
import type { Vocabulary } from '../domain/vocabulary.ts';

/** What the click path needs to know of an offer: itself and its advertiser are active. */
export type ActiveOffer = {
  offerId: string;
  advertiserId: string;
  advertiserName: string;
  name: string;
  description: string;
  /** The advertiser's URL as it was given, with its macros. */
  url: string;
  /** Its cap is used up until then: ISO 8601; null when it is open. */
  closedUntil: string | null;
};

/** A secret as it is compared, and until when it lives; null: until it is replaced. */
export type LiveSecret = { value: string; endsAt: string | null };

/** What its calls are read and judged by. One that is paused still reports on its conversions. */
export type KnownAdvertiser = {
  advertiserId: string;
  /** Null is plain: our own words and names. */
  vocabulary: Vocabulary | null;
  proofs: OriginProofs;
  /** Hashes of its live tokens. */
  tokens: LiveSecret[];
  /** Its live signing secrets, `whsec_…`. */
  signingSecrets: LiveSecret[];
};

/**
 * All advertisers, active partners, and active offers oldest first, but none that is closed for good; `version` rises with
 * each change to any of their tables.
 */
export type CatalogueContent = {
  version: number;
  partnerIds: string[];
  offers: ActiveOffer[];
  advertisers: KnownAdvertiser[];
};

/** Everything that clicks and status calls need, as it was at one moment: its version never says more than it holds. */
export async function loadCatalogue(db: Knex): Promise<CatalogueContent> {
  return await db.transaction(
    async (trx) => {
      const version = await readCatalogueVersion(trx);
      const partners = await trx('partners').where({ state: 'active' }).select<{ partner_id: string }[]>('partner_id');
      return {
        version,
        partnerIds: partners.map((partner) => partner.partner_id),
        offers: await readOffers(trx),
        advertisers: await readAdvertisers(trx),
      };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

/** One cheap look: the content is the same as long as the number is. @throws when the tables have not been made */
export async function readCatalogueVersion(db: Knex): Promise<number> {
  const row = await db('catalogue_version').first<{ version: number } | undefined>('version');
  if (!row) throw new Error('The table catalogue_version is empty; run the migrations on this database.');
  return row.version;
}

async function readOffers(db: Knex): Promise<ActiveOffer[]> {
  const offers: ActiveOffer[] = await db('offers as o')
    .join('advertisers as a', 'a.advertiser_id', 'o.advertiser_id')
    .leftJoin('closed_offers as c', 'c.offer_id', 'o.offer_id')
    .where({ 'o.state': 'active', 'a.state': 'active' })
    .andWhereRaw('(c.offer_id is null or c.closed_until is not null)')
    .orderBy(['o.created_at', 'o.offer_id'])
    .select({
      offerId: 'o.offer_id',
      advertiserId: 'o.advertiser_id',
      advertiserName: 'a.name',
      name: 'o.name',
      description: 'o.description',
      url: 'o.url',
      closedUntil: 'c.closed_until',
    });
  return offers;
}

type AdvertiserRow = Omit<KnownAdvertiser, 'tokens'> & {
  tokenHash: string;
  oldTokenHash: string | null;
  oldTokenUntil: string | null;
};

async function readAdvertisers(db: Knex): Promise<KnownAdvertiser[]> {
  const { rows } = await db.raw<{ rows: AdvertiserRow[] }>(
    `select a.advertiser_id as "advertiserId", a.vocabulary, a.proofs, a.token_hash as "tokenHash",
       a.old_token_hash as "oldTokenHash", a.old_token_until as "oldTokenUntil",
       coalesce((
         select json_agg(json_build_object('value', s.secret, 'endsAt', s.expires_at) order by s.secret_id desc)
         from advertiser_signing_secrets s where s.advertiser_id = a.advertiser_id
       ), '[]') as "signingSecrets"
     from advertisers a`,
  );
  return rows.map(({ tokenHash, oldTokenHash, oldTokenUntil, ...advertiser }) => ({
    ...advertiser,
    tokens: [
      { value: tokenHash, endsAt: null },
      ...(oldTokenHash === null ? [] : [{ value: oldTokenHash, endsAt: oldTokenUntil }]),
    ],
  }));
}
