import type { Router } from 'express';
import { mapWord } from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { listUnknownWords, type UnknownWord, type WordPlace } from '../../../db/reports/unknown-words.ts';
import { findMeaning, normaliseWord, PLAIN_VOCABULARY } from '../../../domain/vocabulary.ts';
import { suggestMeaning } from '../../../domain/word-suggestions.ts';
import { AppError } from '../../../errors.ts';
import type { AppliedCalls } from '../../../intake/kept-calls.ts';
import { readWith } from '../../fields/read-with.ts';
import { actorOf } from '../../protocol/actor.ts';
import { writeCursor } from '../../protocol/cursor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import type { StatusCallDeps } from './status-call-routes.ts';
import { mappedWordSchema, unknownWordListSchema } from './status-call-schemas.ts';

/** Whoever maps a word waits for its calls to be applied; what is left by then is applied by asking again. */
export const APPLY_WITHIN_MS = 10_000;

/** The inbox of words that advertisers send and nobody has explained yet. */
export function addUnknownWordRoutes(routes: Router, { db, statuses }: StatusCallDeps): void {
  routes.get('/unknown-words', async (req, res) => {
    const { cursor, ...query } = readWith(unknownWordListSchema, req.query);
    const { rows, next } = await listUnknownWords(db, {
      ...query,
      cursor: cursor === undefined ? undefined : readPlace(cursor),
    });
    res.json({ items: rows.map(viewWord), next_cursor: next === null ? null : writeCursor(writePlace(next)) });
  });
  routes.post('/unknown-words', async (req, res) => {
    const { advertiser_id, word, status } = readWith(mappedWordSchema, req.body);
    const mapped = { advertiserId: advertiser_id, word, meaning: status };
    const vocabulary = await asActor(db, actorOf(res), (trx) => mapWord(trx, mapped));
    if (!vocabulary) throw new AppError('unknown', `There is no advertiser ${advertiser_id}.`);
    const applied = await statuses.applyKept(advertiser_id, APPLY_WITHIN_MS);
    res.json({ advertiser_id, word: normaliseWord(word), status, ...viewApplied(applied) });
  });
  routes.all('/unknown-words', allowOnly('GET', 'HEAD', 'POST'));
}

/** What became of kept calls, for whoever has mapped a word. */
export function viewApplied({ applied, notApplied, results, waiting }: AppliedCalls) {
  return { applied, not_applied: notApplied, results, waiting };
}

function viewWord({ vocabulary, ...word }: UnknownWord) {
  return {
    ...word,
    meaning: findMeaning(word.word, vocabulary ?? PLAIN_VOCABULARY) ?? null,
    suggestion: suggestMeaning(word.word)?.status ?? null,
  };
}

function writePlace({ advertiserId, word, nth }: WordPlace): string {
  return `${advertiserId} ${nth} ${Buffer.from(word).toString('base64url')}`;
}

function readPlace(place: string): WordPlace {
  const [advertiserId = '', nth = '', word = ''] = place.split(' ');
  return { advertiserId, nth: Number(nth), word: Buffer.from(word, 'base64url').toString() };
}
