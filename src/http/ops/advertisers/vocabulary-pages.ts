import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { z } from 'zod';
import { lockAdvertiser, updateAdvertiser, type Advertiser } from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { listUnknownWords } from '../../../db/reports/unknown-words.ts';
import { statusFieldNames, type StatusField } from '../../../domain/status-call.ts';
import { statuses } from '../../../domain/status.ts';
import { mergeVocabulary, type OpenedVocabulary } from '../../../domain/vocabulary-merge.ts';
import {
  findMeaning,
  normaliseWord,
  parseVocabulary,
  PLAIN_VOCABULARY,
  type Vocabulary,
  type VocabularyProblem,
} from '../../../domain/vocabulary.ts';
import { AppError } from '../../../errors.ts';
import { APPLY_WITHIN_MS } from '../../../intake/kept-calls.ts';
import type { StatusIntake } from '../../../intake/status.ts';
import { viewUnknownWord, type UnknownWordView } from '../../../stories/unknown-word-view.ts';
import { leadBack } from '../../console/console-pages.ts';
import { textIn } from '../../console/form.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { MEANINGS } from '../inbox/inbox-pages.ts';
import { tellApplied } from '../inbox/tell-applied.ts';
import { mayOf } from '../ops-page.ts';
import { findAdvertiser } from './find-advertiser.ts';
import { sendVocabulary, type VocabularyForm } from './vocabulary-page.ts';

export type VocabularyDeps = { db: Knex; statuses: Pick<StatusIntake, 'applyKept'> };

const EMPTY_ROWS = 4;
const MOST_UNKNOWN = 20;
const DEFAULTS = [
  { value: '', label: 'nothing: it is refused' },
  ...statuses.map((status) => ({ value: status, label: status })),
];
const HELP: Readonly<Record<StatusField, { label: string; help: string }>> = {
  conversion_id: { label: 'Conversion', help: 'The id that we put into the link.' },
  status: { label: 'Status', help: 'Its word for what became of the visitor.' },
  reason: { label: 'Reason', help: 'Why, in its own words; partners hear it.' },
  transaction_id: { label: 'Its own id', help: 'Kept, so that you can search for it.' },
  token: { label: 'Token', help: 'Never kept, whatever it is called.' },
};
const FIELDS = statusFieldNames.map((name) => ({ name, ...HELP[name] }));
// Pairs: a word may be called like what an object has of its own, such as `__proto__`.
const textsSchema = z.array(z.tuple([z.string(), z.string()])).transform((pairs) => Object.fromEntries(pairs));
const openedSchema = z.object({
  words: textsSchema,
  waiting: textsSchema,
  default_status: z.string().nullable(),
  parameters: textsSchema,
});

/** The editor of an advertiser's vocabulary. */
export function addVocabularyPages(routes: Router, { db, statuses: intake }: VocabularyDeps): void {
  routes.get('/advertisers/:id/vocabulary', async (req, res) => {
    const advertiser = await findAdvertiser(db, req.params.id);
    const unknown = await readUnknown(advertiser.advertiser_id);
    show(res, advertiser, { unknown, form: formOf(advertiser.vocabulary ?? PLAIN_VOCABULARY, unknown) });
  });

  routes.post('/advertisers/:id/vocabulary', needs('admin'), async (req, res) => {
    const advertiser = await findAdvertiser(db, req.params.id);
    const { advertiser_id: id } = advertiser;
    const form = readForm(req.body);
    const actor = actorOf(res);
    const saved = await asActor(db, actor, (trx) => save(trx, id, form));
    if ('problems' in saved) {
      return show(res, advertiser, { unknown: [], form, problems: saved.problems.map(tellProblem) });
    }
    const applied = await intake.applyKept({ advertiserId: id, actor, withinMs: APPLY_WITHIN_MS });
    leadBack(res, `/ops/advertisers/${encodeURIComponent(id)}/vocabulary`, `Saved. ${tellApplied(applied)}`);
  });

  async function readUnknown(advertiserId: string): Promise<UnknownWordView[]> {
    const { rows } = await listUnknownWords(db, { advertiser_id: advertiserId, limit: MOST_UNKNOWN });
    return rows.map(viewUnknownWord);
  }

  function show(
    res: Response,
    { advertiser_id, name }: Advertiser,
    { unknown, form, problems = [] }: { unknown: UnknownWordView[]; form: VocabularyForm; problems?: string[] },
  ): void {
    sendVocabulary(
      res,
      { title: `Words of ${name}`, status: problems.length > 0 ? 400 : 200 },
      {
        ...{ advertiserId: advertiser_id, name, form, problems, unknown, mayChange: mayOf(res).admin },
        ...{ meanings: MEANINGS, defaults: DEFAULTS, fields: FIELDS },
      },
    );
  }
}

/** Holds the advertiser, so that nobody changes its vocabulary between what is read and what is written. */
async function save(trx: Knex, advertiserId: string, form: VocabularyForm): Promise<ReturnType<typeof parseForm>> {
  const now = await lockAdvertiser(trx, advertiserId);
  const parsed = parseForm(form, now?.vocabulary ?? PLAIN_VOCABULARY);
  if (!('problems' in parsed)) await updateAdvertiser(trx, advertiserId, { vocabulary: parsed });
  return parsed;
}

/** What stands in the form: its words, those that wait with what others mean by them, and some empty rows. */
function formOf(vocabulary: Vocabulary, unknown: UnknownWordView[]): VocabularyForm {
  const known = Object.entries(vocabulary.words);
  const waiting = unknown
    .filter(({ word }) => findMeaning(word, vocabulary) === undefined)
    .map(({ word, suggestion }) => [inOneLine(word), suggestion ?? ''] as const);
  const empty = Array.from({ length: EMPTY_ROWS }, () => ['', ''] as const);
  const { default_status, parameters } = vocabulary;
  return {
    words: [...known, ...waiting, ...empty].map(([word, meaning]) => ({ word, meaning })),
    defaultStatus: default_status ?? '',
    parameters: { ...parameters },
    opened: JSON.stringify({ words: known, waiting, default_status, parameters: Object.entries(parameters) }),
  };
}

/** A browser leaves line breaks out of what can be typed, and not out of what is hidden. */
function inOneLine(word: string): string {
  return normaliseWord(word.replaceAll(/[\r\n]/g, ''));
}

/** With what it was opened, the form says itself, also when it had to be mended first: others may have changed it since. */
function readForm(body: unknown): VocabularyForm {
  const meanings = textsIn(body, 'meaning');
  return {
    words: textsIn(body, 'word').map((word, index) => ({ word, meaning: meanings[index] ?? '' })),
    defaultStatus: textIn(body, 'default_status'),
    parameters: Object.fromEntries(statusFieldNames.map((name) => [name, textIn(body, `parameter_${name}`).trim()])),
    opened: textIn(body, 'opened'),
  };
}

/** @throws AppError `malformed`: without it, what others have changed could not be told from what was typed */
function readOpened(opened: string): OpenedVocabulary {
  try {
    return openedSchema.parse(JSON.parse(opened));
  } catch (cause) {
    const message = 'The form does not say with what it was opened: open the editor again.';
    throw new AppError('malformed', message, { cause });
  }
}

/** A word that waits for a meaning may go on waiting; one that was typed must have one. */
function parseForm(form: VocabularyForm, now: Vocabulary) {
  const opened = readOpened(form.opened);
  const rows = form.words.map(({ word, ...row }) => ({ ...row, word: normaliseWord(word), typed: word }));
  const [given, left] = [rows.filter(({ meaning }) => meaning !== ''), rows.filter(({ meaning }) => meaning === '')];
  const unmeant = left.find(({ word }) => word !== '' && !Object.hasOwn(opened.waiting, word));
  if (unmeant) return { problems: [{ field: `words.${unmeant.typed}`, message: 'has no meaning yet: choose one' }] };
  const named = given.filter(({ word }) => word !== '');
  const twice = named.find(({ word }, index) => named.findIndex((other) => other.word === word) !== index);
  if (twice) return { problems: [{ field: `words.${twice.typed}`, message: 'stands here twice' }] };
  return parseVocabulary(
    mergeVocabulary({
      opened,
      given: {
        words: Object.fromEntries(named.map(({ word, meaning }) => [word, meaning])),
        default_status: form.defaultStatus === '' ? null : form.defaultStatus,
        parameters: Object.fromEntries(Object.entries(form.parameters).filter(([, name]) => name !== '')),
      },
      now,
    }),
  );
}

function tellProblem({ field, message }: VocabularyProblem): string {
  return `${field.replace(/^(words|parameters)\./, '')} ${message}.`;
}

/** A field that a form holds once for each row. */
function textsIn(body: unknown, name: string): string[] {
  const value = ((body ?? {}) as Record<string, unknown>)[name];
  return (Array.isArray(value) ? value : [value]).filter((text): text is string => typeof text === 'string');
}
