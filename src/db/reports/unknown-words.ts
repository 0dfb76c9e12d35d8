import type { Knex } from 'knex';
import type { Vocabulary } from '../../domain/vocabulary.ts';
import type { Page, PageQuery } from './pages.ts';

/** A word by which calls were refused, and which has not been mapped since. */
export type UnknownWord = {
  advertiser_id: string;
  advertiser_name: string;
  word: string;
  /** How many calls are kept for it; at most {@link MOST_COUNTED} are counted. */
  count: number;
  first_seen: string;
  last_seen: string;
  /** Of the advertiser today: a word that it knows by now has calls that are still to be applied. */
  vocabulary: Vocabulary | null;
};

/** The cursor of a page says at which word of which advertiser it ended, and how many of that one's were listed before. */
export type UnknownWordQuery = PageQuery & { advertiser_id?: string | undefined };

type Place = { advertiserId: string; word: string; nth: number };

export const MOST_COUNTED = 10_000;
/** Whoever sends ever new words, such as amounts, hides no other advertiser's; they are listed when it is asked for. */
export const WORDS_OF_ONE = 100;

type Found = UnknownWord & { nth: number };

// One index look-up for each word, however many calls have it. No word comes after the last character there is.
const nextWord = (place: string, only: string) => `
    select s.advertiser_id, s.word from status_calls s
    where s.result = 'unknown_word' and (s.advertiser_id, s.word collate "C") > (${place}) ${only}
    order by s.advertiser_id, s.word collate "C" limit 1`;

const listWords = (only: string, ofOne: string) => `
  with recursive words (advertiser_id, word, nth) as (
    select n.*, case when n.advertiser_id = :advertiserId then :nth::int + 1 else 1 end
    from (select * from (${nextWord(':advertiserId::text, :word::text', only)}) f) n
    union all
    select n.*, case when n.advertiser_id = w.advertiser_id then w.nth + 1 else 1 end
    from words w cross join lateral (
      ${nextWord(`w.advertiser_id, case when w.nth < ${ofOne} then w.word else chr(1114111) end`, only)}
    ) n
  ), page as materialized (
    select * from words limit :limit
  )
  select p.advertiser_id, a.name as advertiser_name, p.word, p.nth, a.vocabulary, c.count, f.at as first_seen, l.at as last_seen
  from page p join advertisers a on a.advertiser_id = p.advertiser_id
  cross join lateral (
    select count(*) from (select from status_calls s where ${HAS_WORD} limit ${MOST_COUNTED}) s
  ) c
  cross join lateral (select at from status_calls s where ${HAS_WORD} order by call_id limit 1) f
  cross join lateral (select at from status_calls s where ${HAS_WORD} order by call_id desc limit 1) l
  order by p.advertiser_id, p.word collate "C"`;

const HAS_WORD = `s.result = 'unknown_word' and s.advertiser_id = p.advertiser_id and s.word collate "C" = p.word`;

/**
 * The inbox: unknown words by advertiser. It has no rows of its own: a call that is judged again leaves it by itself. What
 * a page costs depends neither on how many calls are kept nor on how many words there are.
 */
export async function listUnknownWords(
  db: Knex,
  { advertiser_id, cursor, limit }: UnknownWordQuery,
): Promise<Page<UnknownWord>> {
  const isOfOne = advertiser_id !== undefined;
  const sql = isOfOne
    ? listWords('and s.advertiser_id = :advertiserId', String(Number.MAX_SAFE_INTEGER))
    : listWords('', String(WORDS_OF_ONE));
  const place = cursor === undefined ? { advertiserId: advertiser_id ?? '', word: '', nth: 0 } : readPlace(cursor);
  const values = { ...place, ...(isOfOne && { advertiserId: advertiser_id }), limit: limit + 1 };
  const { rows } = await db.raw<{ rows: Found[] }>(sql, values);
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return {
    rows: shown.map(withoutPlace),
    next: last ? writePlace({ advertiserId: last.advertiser_id, word: last.word, nth: last.nth }) : null,
  };
}

function withoutPlace(found: Found): UnknownWord {
  const word: UnknownWord & Partial<Found> = { ...found };
  delete word.nth;
  return word;
}

// A cursor holds single bytes, and a word any characters.
function writePlace({ advertiserId, word, nth }: Place): string {
  return `${advertiserId} ${nth} ${Buffer.from(word).toString('base64url')}`;
}

function readPlace(place: string): Place {
  const [advertiserId = '', nth = '', word = ''] = place.split(' ');
  return { advertiserId, nth: Number(nth), word: Buffer.from(word, 'base64url').toString() };
}
