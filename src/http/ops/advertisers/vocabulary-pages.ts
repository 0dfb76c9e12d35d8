import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { lockAdvertiser, updateAdvertiser, type Advertiser } from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { listUnknownWords } from '../../../db/reports/unknown-words.ts';
import { statusFieldNames, type StatusField } from '../../../domain/status-call.ts';
import { statuses } from '../../../domain/status.ts';
import {
  findMeaning,
  normaliseWord,
  parseVocabulary,
  PLAIN_VOCABULARY,
  type Vocabulary,
  type VocabularyProblem,
} from '../../../domain/vocabulary.ts';
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

/** Holds the advertiser, so that no word is mapped between what is read and what is written. */
async function save(trx: Knex, advertiserId: string, form: VocabularyForm): Promise<ReturnType<typeof parseForm>> {
  const now = await lockAdvertiser(trx, advertiserId);
  const parsed = parseForm(form, now?.vocabulary ?? PLAIN_VOCABULARY);
  if (!('problems' in parsed)) await updateAdvertiser(trx, advertiserId, { vocabulary: parsed });
  return parsed;
}

/** What stands in the form: its words, those that wait with what others mean by them, and some empty rows. */
function formOf(vocabulary: Vocabulary, unknown: UnknownWordView[]): VocabularyForm {
  const none = { word: '', meaning: '', known: '', isWaiting: false };
  const known = Object.entries(vocabulary.words).map(([word, meaning]) => ({ ...none, word, meaning, known: word }));
  const waiting = unknown
    .filter(({ word }) => findMeaning(word, vocabulary) === undefined)
    .map(({ word, suggestion }) => ({ ...none, word, meaning: suggestion ?? '', isWaiting: true }));
  const empty = Array.from({ length: EMPTY_ROWS }, () => none);
  return {
    words: [...known, ...waiting, ...empty],
    defaultStatus: vocabulary.default_status ?? '',
    parameters: { ...vocabulary.parameters },
  };
}

/** With which words it was opened, the form says itself: others may have come or gone since. */
function readForm(body: unknown): VocabularyForm {
  const [meanings, known, waiting] = [textsIn(body, 'meaning'), textsIn(body, 'known'), textsIn(body, 'waiting')];
  return {
    words: textsIn(body, 'word').map((word, index) => ({
      word,
      meaning: meanings[index] ?? '',
      known: known[index] ?? '',
      isWaiting: inOneLine(word) === inOneLine(waiting[index] ?? ''),
    })),
    defaultStatus: textIn(body, 'default_status'),
    parameters: Object.fromEntries(statusFieldNames.map((name) => [name, textIn(body, `parameter_${name}`).trim()])),
  };
}

/** A browser leaves line breaks out of what can be typed, and not out of what is hidden. */
function inOneLine(word: string): string {
  return normaliseWord(word.replaceAll(/[\r\n]/g, ''));
}

/**
 * A word that waits for a meaning may go on waiting; one that was typed must have one. Words that others have mapped since the
 * form was opened keep their meaning: only those go that it was opened with.
 */
function parseForm({ words, defaultStatus, parameters }: VocabularyForm, now: Vocabulary) {
  const rows = words.filter(({ word }) => word.trim() !== '');
  const [given, left] = [rows.filter(({ meaning }) => meaning !== ''), rows.filter(({ meaning }) => meaning === '')];
  const unmeant = left.find(({ isWaiting }) => !isWaiting);
  if (unmeant) return { problems: [{ field: `words.${unmeant.word}`, message: 'has no meaning yet: choose one' }] };
  const twice = given.find(({ word }, index) => given.findIndex((other) => other.word === word) !== index);
  if (twice) return { problems: [{ field: `words.${twice.word}`, message: 'stands here twice' }] };
  const formWords = new Set([...words.map(({ known }) => known), ...given.map(({ word }) => word)].map(normaliseWord));
  const meanwhile = Object.entries(now.words).filter(([word]) => !formWords.has(word));
  return parseVocabulary({
    words: Object.fromEntries([...meanwhile, ...given.map(({ word, meaning }) => [word, meaning] as const)]),
    default_status: defaultStatus === '' ? null : defaultStatus,
    parameters: Object.fromEntries(Object.entries(parameters).filter(([, name]) => name !== '')),
  });
}

function tellProblem({ field, message }: VocabularyProblem): string {
  return `${field.replace(/^(words|parameters)\./, '')} ${message}.`;
}

/** A field that a form holds once for each row. */
function textsIn(body: unknown, name: string): string[] {
  const value = ((body ?? {}) as Record<string, unknown>)[name];
  return (Array.isArray(value) ? value : [value]).filter((text): text is string => typeof text === 'string');
}
