import { parameterNames, statusFieldNames, type StatusField, type StatusFields } from './status-call.ts';
import { parseStatus, statuses, type Status } from './status.ts';

export const meanings = [...statuses, 'ignore'] as const;

/** What a word of an advertiser means: a status, or that its call is to change nothing. */
export type Meaning = (typeof meanings)[number];

/** How one advertiser speaks. */
export type Vocabulary = {
  /** Its words, trimmed and in lower case; ours hold beside them, unless they are among them. */
  words: Readonly<Record<string, Meaning>>;
  /** What a call without a word means; null: such a call is malformed. */
  default_status: Status | null;
  /** Its names of our parameters. */
  parameters: Readonly<Partial<Record<StatusField, string>>>;
};

/** Of an advertiser who has none: our own words and names. */
export const PLAIN_VOCABULARY: Vocabulary = { words: {}, default_status: null, parameters: {} };

/** What is wrong with a vocabulary; `field` is the way to it, such as `words.sale`. */
export type VocabularyProblem = { field: string; message: string };

/** What a call says; a refusal says to the advertiser what to send instead. */
export type Understanding =
  | { kind: 'status'; conversionId: string; status: Status }
  | { kind: 'ignore'; conversionId: string | null }
  | { kind: 'refused'; result: 'malformed' | 'unknown_word'; message: string };

export const MAX_WORDS = 200;
const MAX_LENGTH = 64;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const SHOWN_WORDS = 10;

/** A word as it is compared: without regard to case, surrounding blanks, and how its accents are spelt. */
export function normaliseWord(word: string): string {
  return word.trim().toLowerCase().normalize('NFC');
}

/** What a word means to this advertiser; undefined when nobody has said. */
export function findMeaning(word: string, { words }: Vocabulary): Meaning | undefined {
  const normalised = normaliseWord(word);
  return Object.hasOwn(words, normalised) ? words[normalised] : parseStatus(normalised);
}

/** What a call of this advertiser says of which conversion. A word of blanks is no word. */
export function understand(
  { conversionId, word }: Pick<StatusFields, 'conversionId' | 'word'>,
  vocabulary: Vocabulary = PLAIN_VOCABULARY,
): Understanding {
  const isBare = word === null || normaliseWord(word) === '';
  const meaning = isBare ? vocabulary.default_status : findMeaning(word, vocabulary);
  if (meaning === 'ignore') return { kind: 'ignore', conversionId };
  const [idName, statusName] = namesShown(vocabulary);
  if (!conversionId) return malformed(`${idName} is missing: send the id we gave you in the link.`);
  if (meaning === null) return malformed(`${statusName} is missing: send one of ${listWords(vocabulary)}.`);
  if (meaning) return { kind: 'status', conversionId, status: meaning };
  const message = `Status "${word}" is not known: send one of ${listWords(vocabulary)}.`;
  return { kind: 'refused', result: 'unknown_word', message };
}

/** Adds a word to a vocabulary, or gives it another meaning. */
export function addWord(vocabulary: Vocabulary, word: string, meaning: Meaning): Vocabulary {
  return { ...vocabulary, words: { ...vocabulary.words, [normaliseWord(word)]: meaning } };
}

/** Reads a vocabulary as somebody gave it; what is left out is plain. @returns its problems, if it has any */
export function parseVocabulary(given: unknown): Vocabulary | { problems: VocabularyProblem[] } {
  if (!isRecord(given)) return { problems: [{ field: '', message: 'must be an object, or null for none' }] };
  const { words = {}, default_status = null, parameters = {}, ...others } = given;
  const problems = [
    ...Object.keys(others).map((field) => ({ field, message: 'is not a known field' })),
    ...findWordProblems(words),
    ...(default_status === null || isOneOf(statuses, default_status)
      ? []
      : [{ field: 'default_status', message: `must be ${listChoices(statuses)}, or null` }]),
    ...findParameterProblems(parameters, { needsStatus: default_status === null }),
  ];
  if (problems.length > 0) return { problems };
  return {
    words: mapEntries(words as Record<string, Meaning>, ([word, meaning]) => [normaliseWord(word), meaning]),
    default_status: default_status as Status | null,
    parameters: mapEntries(parameters as Record<string, string>, ([field, name]) => [field, name.trim()]),
  };
}

function findWordProblems(words: unknown): VocabularyProblem[] {
  if (!isRecord(words)) return [{ field: 'words', message: 'must be an object of words and what they mean' }];
  const given = Object.entries(words);
  if (given.length > MAX_WORDS) return [{ field: 'words', message: `has room for ${MAX_WORDS} words` }];
  const firstSpelling = new Map<string, string>();
  return given.flatMap(([word, meaning]) => {
    const normalised = normaliseWord(word);
    const same = firstSpelling.get(normalised);
    firstSpelling.set(normalised, same ?? word);
    const message =
      same === undefined
        ? (findTextProblem(normalised) ?? findMeaningProblem(meaning))
        : `is the same word as "${same}": case and surrounding blanks make no difference`;
    return message === undefined ? [] : [{ field: `words.${word}`, message }];
  });
}

function findMeaningProblem(meaning: unknown): string | undefined {
  return isOneOf(meanings, meaning) ? undefined : `must mean ${listChoices(meanings)}`;
}

function findParameterProblems(parameters: unknown, { needsStatus }: { needsStatus: boolean }): VocabularyProblem[] {
  if (!isRecord(parameters)) return [{ field: 'parameters', message: 'must be an object of our names and yours' }];
  const takenBy = new Map<string, string>();
  const problems = Object.entries(parameters).flatMap(([field, name]) => {
    const message = findNameProblem(field, name, takenBy);
    if (typeof name === 'string') takenBy.set(name.trim().toLowerCase(), field);
    return message === undefined ? [] : [{ field: `parameters.${field}`, message }];
  });
  if (problems.length > 0) return problems;
  const needed: StatusField[] = needsStatus ? ['conversion_id', 'status'] : ['conversion_id'];
  return needed
    .filter((field) => parameterNames(field, parameters).length === 0)
    .map((field) => ({
      field: `parameters.${field}`,
      message: `is needed, as "${field}" is the parameter of ${takenBy.get(field)}`,
    }));
}

function findNameProblem(field: string, name: unknown, takenBy: ReadonlyMap<string, string>): string | undefined {
  if (!isOneOf(statusFieldNames, field)) {
    return `is not a parameter of ours: these are ${listChoices(statusFieldNames, 'and')}`;
  }
  if (typeof name !== 'string') return 'must be the name of a parameter';
  const other = takenBy.get(name.trim().toLowerCase());
  return other === undefined ? findTextProblem(name.trim()) : `"${name.trim()}" is the parameter of ${other} already`;
}

function findTextProblem(text: string): string | undefined {
  if (text === '') return 'must not be empty';
  if ([...text].length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
  return CONTROLS.test(text) || !text.isWellFormed() ? 'must not contain control characters' : undefined;
}

function namesShown({ parameters }: Vocabulary): [string, string] {
  return [parameters.conversion_id ?? 'conversion_id', parameters.status ?? 'status'];
}

function listWords({ words }: Vocabulary): string {
  const own = Object.keys(words);
  return [...own, ...statuses.filter((status) => !Object.hasOwn(words, status))].slice(0, SHOWN_WORDS).join(', ');
}

function malformed(message: string): Understanding {
  return { kind: 'refused', result: 'malformed', message };
}

function listChoices(choices: readonly string[], joint: 'or' | 'and' = 'or'): string {
  return `${choices.slice(0, -1).join(', ')} ${joint} ${choices.at(-1)}`;
}

function isOneOf<Choice extends string>(choices: readonly Choice[], given: unknown): given is Choice {
  return choices.some((choice) => choice === given);
}

function isRecord(given: unknown): given is Record<string, unknown> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

function mapEntries<Value>(
  given: Record<string, Value>,
  change: (entry: [string, Value]) => [string, Value],
): Record<string, Value> {
  return Object.fromEntries(Object.entries(given).map(change));
}
