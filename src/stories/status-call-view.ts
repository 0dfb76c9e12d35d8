import type { ToldCall } from '../db/reports/conversion-facts.ts';
import type { LoggedCall, StatusCallRow } from '../db/reports/status-calls.ts';
import { readRowTime } from '../domain/imports/row.ts';
import { readStatusFields, type RawStatusCall } from '../domain/status-call.ts';
import { findMeaning, PLAIN_VOCABULARY, understand } from '../domain/vocabulary.ts';
import { maskSecrets } from './mask-secrets.ts';

export const verdicts = ['recorded', 'no_effect', 'refused'] as const;

/** What came of a call, in one word. */
export type Verdict = (typeof verdicts)[number];

const VERDICTS: Readonly<Record<StatusCallRow['result'], Verdict>> = {
  recorded: 'recorded',
  accepted_late: 'recorded',
  duplicate: 'no_effect',
  stale: 'no_effect',
  ignored: 'no_effect',
  window_closed: 'refused',
  unknown_word: 'refused',
  unknown_conversion: 'refused',
  malformed: 'refused',
};

/** What may be done about a call: it is judged again when its cause is repaired, or accepted although it was late. */
export type Repair = 'rejudge' | 'accept' | null;

const REPAIRS: Partial<Readonly<Record<StatusCallRow['result'], Repair>>> = {
  window_closed: 'accept',
  unknown_word: 'rejudge',
  unknown_conversion: 'rejudge',
  malformed: 'rejudge',
  ignored: 'rejudge',
};

/** A call of the inbound log as ops see it: as it came, and a sentence that says what became of it and what to do. */
export function viewStatusCall({ vocabulary: _vocabulary, raw, ...call }: LoggedCall) {
  return {
    ...call,
    raw: maskRaw(raw),
    verdict: VERDICTS[call.result],
    repair: repairOf({ ...call, raw }),
    explanation: explainCall({ ...call, raw, vocabulary: _vocabulary }),
  };
}

/** A row whose own time cannot be read, or lies before its conversion, stays malformed whatever is repaired. */
function repairOf(call: StatusCallRow): Repair {
  const time = readOwnTime(call);
  const isInVain = call.result === 'malformed' && (time?.problem !== undefined || time?.isTooEarly === true);
  return isInVain ? null : (REPAIRS[call.result] ?? null);
}

/** Of a row that was refused: what is wrong with its own time, as far as that can be seen. */
function readOwnTime({ source, raw, status, at }: StatusCallRow) {
  if (source !== 'import') return undefined;
  const read = readRowTime((raw as RawStatusCall).body ?? {});
  if ('problem' in read) return { problem: read.problem };
  // Understood and malformed all the same: its time was not possible.
  if (status === null || read.at === null) return undefined;
  return { at: read.at, isTooEarly: Date.parse(read.at) <= Date.parse(at) };
}

export type StatusCallView = ReturnType<typeof viewStatusCall>;

/** What a story shows of a call, beside the conversion that it names. */
export function viewKeptCall({ call_id, at, source, word, status, result, ...call }: ToldCall) {
  const { accepted_at, rejudged_at, raw } = call;
  const row = viewRow(call);
  return { call_id, at, source, import: row, word, status, result, accepted_at, rejudged_at, raw: maskRaw(raw) };
}

function viewRow({ import_id, row_number, file_name }: Pick<ToldCall, 'import_id' | 'row_number' | 'file_name'>) {
  return import_id === null || row_number === null ? null : { import_id, row_number, file_name };
}

/** In the order in which it is read: Postgres keeps another. */
function maskRaw(raw: unknown): unknown {
  const { method, query, body, ...rest } = (raw ?? {}) as Record<string, unknown>;
  return JSON.parse(maskSecrets(JSON.stringify({ method, query, body, ...rest })));
}

function explainCall(call: LoggedCall): string {
  const judged = call.rejudged_at === null || call.result === 'accepted_late' ? '' : ' It was judged again later.';
  return explainResult(call) + judged;
}

function explainResult(call: LoggedCall): string {
  const { result, conversion_id, seq, source } = call;
  const said = sayWord(call);
  switch (result) {
    case 'recorded':
      return source === 'ops'
        ? `Ops gave it themselves; it is event ${seq} of its lead.`
        : `${said}: event ${seq} of its lead.`;
    case 'accepted_late':
      return `${said}. It came after the window, and ops accepted it: event ${seq} of its lead.`;
    case 'duplicate':
      return `${said}, which the conversion was already. Nothing has changed.`;
    case 'stale':
      return `${said}, but a newer decision was there already. Nothing has changed.`;
    case 'ignored':
      return `${quote(call.word)} is a word that is to be ignored. Nothing has changed.`;
    case 'window_closed':
      return `${said}, but it came after the window of its lead. It changes nothing unless you accept it late.`;
    case 'unknown_conversion':
      return `This advertiser has no conversion ${conversion_id}. Look whether it sends our id, and in which parameter.`;
    case 'unknown_word':
      return explainUnknownWord(call);
    case 'malformed':
      return explainMalformed(call);
  }
}

function explainUnknownWord({ word, vocabulary }: LoggedCall): string {
  const isKnown = word !== null && findMeaning(word, vocabulary ?? PLAIN_VOCABULARY) !== undefined;
  return isKnown
    ? `${quote(word)} was not known when it came, and is known by now: judge it again.`
    : `${quote(word)} is no word that we know of this advertiser. Say what it means, and its calls are applied.`;
}

function explainMalformed(call: LoggedCall): string {
  const { raw, vocabulary } = call;
  const time = readOwnTime(call);
  if (time?.problem !== undefined) return `${time.problem} Mend the row, and send it in another file.`;
  if (time?.isTooEarly)
    return `Its own time, ${time.at}, is before its conversion began: mend the row, and send it in another file.`;
  if (time) return `Its own time, ${time.at}, lay ahead when it came: it can be judged again once that time has come.`;
  const speech = vocabulary ?? PLAIN_VOCABULARY;
  const { problems, ...fields } = readStatusFields(raw as RawStatusCall, speech.parameters);
  const understood = understand(fields, speech);
  if (problems.length > 0) return problems.map(({ message }) => message).join(' ');
  if (understood.kind === 'refused') return understood.message;
  return 'It could not be read when it came. With the words and names of today it can: judge it again.';
}

function sayWord({ word, status }: StatusCallRow): string {
  if (status === null) return 'It was understood';
  if (word === null) return `It came without a word, which means ${status}`;
  return word === status ? `It says ${status}` : `${quote(word)} was taken for ${status}`;
}

function quote(word: string | null): string {
  return `"${word ?? ''}"`;
}
