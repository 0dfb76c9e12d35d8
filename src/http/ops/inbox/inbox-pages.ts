import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { mapWord, readAdvertiser } from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { listUnknownWords } from '../../../db/reports/unknown-words.ts';
import { previewWaitingCalls } from '../../../db/statuses/kept-calls.ts';
import { findMeaning, normaliseWord, PLAIN_VOCABULARY, type Meaning } from '../../../domain/vocabulary.ts';
import { suggestMeaning } from '../../../domain/word-suggestions.ts';
import { AppError } from '../../../errors.ts';
import { APPLY_WITHIN_MS } from '../../../intake/kept-calls.ts';
import type { StatusIntake } from '../../../intake/status.ts';
import { viewUnknownWord } from '../../../stories/unknown-word-view.ts';
import { leadBack } from '../../console/console-pages.ts';
import { textIn } from '../../console/form.ts';
import { placesOf, readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { readWith } from '../../fields/read-with.ts';
import { mappedWordSchema, unknownWordListSchema } from '../../fields/status-call-schemas.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import { mayOf } from '../ops-page.ts';
import { sendInbox, sendMapWord } from './inbox-page.ts';
import { tellApplied } from './tell-applied.ts';

export type InboxDeps = { db: Knex; windowMs: number; statuses: Pick<StatusIntake, 'applyKept'> };

const LIST_PAGE = 50;

/** What a word can mean, for a form. */
export const MEANINGS = [
  { value: '', label: 'choose' },
  { value: 'pending', label: 'pending' },
  { value: 'approved', label: 'approved' },
  { value: 'rejected', label: 'rejected' },
  { value: 'ignore', label: 'ignore' },
] satisfies { value: Meaning | ''; label: string }[];

/** The inbox of unknown words, and mapping one. */
export function addInboxPages(routes: Router, { db, windowMs, statuses }: InboxDeps): void {
  routes.get('/inbox', async (req, res) => {
    const list = readListFilters(req, unknownWordListSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listUnknownWords(db, { ...list.filters, limit: LIST_PAGE });
    sendInbox(
      res,
      { title: 'Unknown words' },
      {
        ...{ given: list.given, errors: list.errors, isFiltered: list.isFiltered, rows: rows.map(viewUnknownWord) },
        mayOperate: mayOf(res).operate,
        ...placesOf(list, next),
      },
    );
  });

  routes.get('/inbox/map', needs('operate'), async (req, res) => {
    const query = readQuery(req.url);
    await ask(res, { advertiserId: firstOf(query.advertiser_id) ?? '', word: firstOf(query.word) ?? '' });
  });

  routes.post('/inbox/map', needs('operate'), async (req, res) => {
    const advertiserId = textIn(req.body, 'advertiser_id');
    const given = { word: textIn(req.body, 'word'), status: textIn(req.body, 'status') };
    if (given.status === '') {
      return await ask(res, { advertiserId, word: given.word, error: 'Choose what it means.' });
    }
    const { word, status: meaning } = readWith(mappedWordSchema, { advertiser_id: advertiserId, ...given });
    const actor = actorOf(res);
    const mapped = await asActor(db, actor, (trx) => mapWord(trx, { advertiserId, word, meaning }));
    if (!mapped) throw new AppError('unknown', `There is no advertiser ${advertiserId}.`);
    const applied = await statuses.applyKept({ advertiserId, actor, withinMs: APPLY_WITHIN_MS });
    leadBack(res, '/ops/inbox', `“${normaliseWord(word)}” means ${meaning} now. ${tellApplied(applied)}`);
  });

  async function ask(
    res: Response,
    { advertiserId, error, ...asked }: { advertiserId: string; word: string; error?: string },
  ): Promise<void> {
    const word = normaliseWord(asked.word);
    if (word === '' || !word.isWellFormed() || word.includes('\0')) throw new AppError('unknown', 'No word was named.');
    const advertiser = await readAdvertiser(db, advertiserId);
    if (!advertiser) throw new AppError('unknown', `There is no advertiser ${advertiserId}.`);
    const suggestion = suggestMeaning(word);
    const meaning = findMeaning(word, advertiser.vocabulary ?? PLAIN_VOCABULARY) ?? suggestion?.status ?? '';
    sendMapWord(
      res,
      { title: `What does “${word}” mean?`, status: error === undefined ? 200 : 400 },
      {
        ...{ advertiserId, name: advertiser.name, word, meaning, error, suggestion, options: MEANINGS },
        waiting: await previewWaitingCalls(db, { advertiserId, word, windowMs }),
      },
    );
  }
}
