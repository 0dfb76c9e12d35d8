import { isDeepStrictEqual } from 'node:util';
import type { Knex } from 'knex';
import type { OriginProofs } from '../domain/origin-proofs.ts';
import {
  addWord,
  MAX_WORDS,
  normaliseWord,
  PLAIN_VOCABULARY,
  type Meaning,
  type Vocabulary,
} from '../domain/vocabulary.ts';
import { AppError } from '../errors.ts';
import { newReadableId } from '../new-ids.ts';
import { noteAct } from './audit.ts';
import {
  insertOne,
  readCatalogueRows,
  type CatalogueState,
  type CatalogueTable,
  type CataloguePageQuery,
} from './catalogue-rows.ts';
import { makeKey } from './keys/keys.ts';
import type { Asks } from './pipelined.ts';
import { prepared } from './prepared.ts';
import { revisePull } from './pulls/pull-settings.ts';

/** An advertiser's record as ops see it; of its token only the beginning is known. */
export type Advertiser = {
  advertiser_id: string;
  name: string;
  state: CatalogueState;
  token_prefix: string;
  /** Null is plain: our own words and names. */
  vocabulary: Vocabulary | null;
  proofs: OriginProofs;
  /** Until when the token before this one goes on; null: there is none. */
  old_token_until: string | null;
  created_at: string;
  updated_at: string;
};

const ADVERTISER_COLUMNS = [
  'advertiser_id',
  'name',
  'state',
  'token_prefix',
  'vocabulary',
  'proofs',
  'old_token_until',
  'created_at',
  'updated_at',
];
const ADVERTISERS: CatalogueTable = { table: 'advertisers', id: 'advertiser_id', columns: ADVERTISER_COLUMNS };

/**
 * Makes an advertiser, and the token that is shown this once.
 * @throws AppError `taken` when the given id is
 */
export async function createAdvertiser(
  db: Knex,
  given: { name: string; advertiser_id?: string | undefined },
): Promise<{ advertiser: Advertiser; token: string }> {
  const { key, hash, prefix } = makeKey('at');
  const advertiser = await insertOne<Advertiser>(db, ADVERTISERS, {
    advertiser_id: given.advertiser_id ?? newReadableId(given.name, 'advertiser'),
    name: given.name,
    token_hash: hash,
    token_prefix: prefix,
  });
  return { advertiser, token: key };
}

/** @returns undefined when there is no such advertiser */
export async function readAdvertiser(db: Knex, advertiserId: string): Promise<Advertiser | undefined> {
  return await db('advertisers')
    .where({ advertiser_id: advertiserId })
    .first<Advertiser | undefined>(ADVERTISER_COLUMNS);
}

/** The same, and until the transaction ends nobody else changes the advertiser, its token or its secrets. */
export async function lockAdvertiser(trx: Knex, advertiserId: string): Promise<Advertiser | undefined> {
  return await trx('advertisers')
    .where({ advertiser_id: advertiserId })
    .forNoKeyUpdate()
    .first<Advertiser | undefined>(ADVERTISER_COLUMNS);
}

/** A page of advertisers, in the order of their ids. */
export async function listAdvertisers(db: Knex, page: CataloguePageQuery): Promise<Advertiser[]> {
  return await readCatalogueRows<Advertiser>(db, ADVERTISERS, page);
}

/** What is to be changed; null takes a vocabulary away. */
export type AdvertiserPatch = {
  name?: string | undefined;
  state?: CatalogueState | undefined;
  vocabulary?: Vocabulary | null | undefined;
  proofs?: OriginProofs | undefined;
};

/**
 * Changes what is given. With another vocabulary the same export says something else, so it counts as new.
 * @returns undefined when there is no such advertiser
 */
export async function updateAdvertiser(
  db: Knex,
  advertiserId: string,
  patch: AdvertiserPatch,
): Promise<Advertiser | undefined> {
  if (patch.vocabulary === undefined) return await writePatch(db, advertiserId, patch);
  return await db.transaction(async (trx) => {
    const before = await lockAdvertiser(trx, advertiserId);
    const after = await writePatch(trx, advertiserId, patch);
    const isSame = JSON.stringify(before?.vocabulary) === JSON.stringify(after?.vocabulary);
    if (!isSame) await revisePull(trx, advertiserId);
    return after;
  });
}

async function writePatch(
  db: Knex,
  advertiserId: string,
  { name, state, vocabulary, proofs }: AdvertiserPatch,
): Promise<Advertiser | undefined> {
  const [advertiser] = await db('advertisers')
    .where({ advertiser_id: advertiserId })
    .update({
      name,
      state,
      vocabulary: vocabulary && JSON.stringify(vocabulary),
      proofs: proofs && JSON.stringify(proofs),
      updated_at: db.fn.now(),
    })
    .returning<Advertiser[]>(ADVERTISER_COLUMNS);
  return advertiser;
}

/**
 * Gives an advertiser a new token. The one before it goes on for `keepOldForSeconds`; any older one ends at once.
 * @returns the new token, to be shown this once; undefined when there is no such advertiser, or when its token does not begin
 * with `prefix`: then it has been replaced meanwhile
 */
export async function replaceAdvertiserToken(
  db: Knex,
  advertiserId: string,
  { keepOldForSeconds = 0, prefix: expected }: { keepOldForSeconds?: number; prefix?: string } = {},
): Promise<string | undefined> {
  const { key, hash, prefix } = makeKey('at');
  const isKept = keepOldForSeconds > 0;
  const changed = await db('advertisers')
    .where({ advertiser_id: advertiserId, ...(expected !== undefined && { token_prefix: expected }) })
    .update({
      token_hash: hash,
      token_prefix: prefix,
      old_token_hash: isKept ? db.ref('token_hash') : null,
      old_token_until: isKept ? db.raw("now() + :seconds * interval '1 second'", { seconds: keepOldForSeconds }) : null,
      updated_at: db.fn.now(),
    });
  return changed > 0 ? key : undefined;
}

/** How an advertiser speaks now: plainly, unless something else was agreed. */
export async function readVocabulary(db: Asks, advertiserId: string): Promise<Vocabulary> {
  const { rows } = await db
    .raw<{ rows: { vocabulary: Vocabulary | null }[] }>(
      `select vocabulary from advertisers where advertiser_id = :advertiserId`,
      { advertiserId },
    )
    .options(prepared('read-vocabulary'));
  return rows[0]?.vocabulary ?? PLAIN_VOCABULARY;
}

/**
 * Gives a word of an advertiser a meaning, beside those that it has. Where it had that meaning already, nothing changes but
 * what its kept calls become by being applied, so the act itself is noted.
 * @returns its vocabulary from now on; undefined when there is no such advertiser
 * @throws AppError `conflict` when there is no room for it
 */
export async function mapWord(
  db: Knex,
  { advertiserId, word, meaning }: { advertiserId: string; word: string; meaning: Meaning },
): Promise<Vocabulary | undefined> {
  return await db.transaction(async (trx) => {
    const row = await trx('advertisers')
      .where({ advertiser_id: advertiserId })
      .forNoKeyUpdate()
      .first<{ vocabulary: Vocabulary | null } | undefined>('vocabulary');
    if (!row) return undefined;
    const before = row.vocabulary ?? PLAIN_VOCABULARY;
    const vocabulary = addWord(before, word, meaning);
    if (isDeepStrictEqual(vocabulary, before)) {
      const after = { word: normaliseWord(word), meaning };
      await noteAct(trx, { action: 'map_word', subjectType: 'advertiser', subjectId: advertiserId, after });
      return vocabulary;
    }
    if (Object.keys(vocabulary.words).length > MAX_WORDS) {
      throw new AppError(
        'conflict',
        `The vocabulary of ${advertiserId} has ${MAX_WORDS} words already: remove one first.`,
      );
    }
    await updateAdvertiser(trx, advertiserId, { vocabulary });
    return vocabulary;
  });
}

/** The id of the advertiser whose token has this hash. A paused one still reports on its conversions. */
export async function findAdvertiserByTokenHash(db: Knex, tokenHash: string): Promise<string | undefined> {
  const { rows } = await db
    .raw<{ rows: { advertiserId: string }[] }>(
      `select advertiser_id as "advertiserId" from advertisers
       where token_hash = :tokenHash or (old_token_hash = :tokenHash and old_token_until > now())`,
      { tokenHash },
    )
    .options(prepared('find-advertiser-by-token'));
  return rows[0]?.advertiserId;
}
