import type { Router } from 'express';
import { mapWord } from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { listUnknownWords } from '../../../db/reports/unknown-words.ts';
import { normaliseWord } from '../../../domain/vocabulary.ts';
import { AppError } from '../../../errors.ts';
import { viewUnknownWord } from '../../../stories/unknown-word-view.ts';
import { APPLY_WITHIN_MS, type AppliedCalls } from '../../../intake/kept-calls.ts';
import { readWith } from '../../fields/read-with.ts';
import { actorOf } from '../../protocol/actor.ts';
import { writeCursor } from '../../protocol/cursor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import type { StatusCallDeps } from './status-call-routes.ts';
import { mappedWordSchema, unknownWordListSchema } from '../../fields/status-call-schemas.ts';

/** The inbox of words that advertisers send and nobody has explained yet. */
export function addUnknownWordRoutes(routes: Router, { db, statuses }: StatusCallDeps): void {
  routes.get('/unknown-words', async (req, res) => {
    const { rows, next } = await listUnknownWords(db, readWith(unknownWordListSchema, req.query));
    res.json({ items: rows.map(viewUnknownWord), next_cursor: next === null ? null : writeCursor(next) });
  });
  routes.post('/unknown-words', async (req, res) => {
    const { advertiser_id: advertiserId, word, status } = readWith(mappedWordSchema, req.body);
    const actor = actorOf(res);
    const vocabulary = await asActor(db, actor, (trx) => mapWord(trx, { advertiserId, word, meaning: status }));
    if (!vocabulary) throw new AppError('unknown', `There is no advertiser ${advertiserId}.`);
    const applied = await statuses.applyKept({ advertiserId, actor, withinMs: APPLY_WITHIN_MS });
    res.json({ advertiser_id: advertiserId, word: normaliseWord(word), status, ...viewApplied(applied) });
  });
  routes.all('/unknown-words', allowOnly('GET', 'HEAD', 'POST'));
}

/** What became of kept calls, for whoever has mapped a word. */
export function viewApplied({ applied, notApplied, results, waiting }: AppliedCalls) {
  return { applied, not_applied: notApplied, results, waiting };
}
