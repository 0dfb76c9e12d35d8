import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Status } from '../../src/domain/status.ts';

/** What those outside did, were answered and received. `at` is in epoch milliseconds, when it was noted. */
export type Entry = { at: number } & (
  | ClickEntry
  | StatusEntry
  /** A status is about to be called in; it counts as stored only when it is answered. */
  | { type: 'asked'; conversionId: string; status: Status }
  | FileEntry
  /** A version of an offer's prices that ops were told is made. */
  | { type: 'priced'; offerId: string; listId: number }
  /** A cap that ops are about to give an offer; it may hold from now on, and does when it is answered. */
  | { type: 'capping'; offerId: string; cap: Cap }
  | { type: 'capped'; offerId: string }
  /** A visitor who came for an offer was answered that there is none. */
  | { type: 'closed'; offerId: string }
  | ListedEntry
  /** An export was asked for, and what it was answered with. */
  | { type: 'served'; version: number; how: string }
  /** An answer that no outage explains. */
  | { type: 'odd'; what: string }
  | ReceivedEntry
  | { type: 'answered'; call: string; with: number | 'nothing' | 'reset' }
  | { type: 'kill'; names: string[] }
  | { type: 'up'; name: string }
  /** A process that ended although nobody killed it. */
  | { type: 'ended'; name: string; how: string }
);

/** A click that was answered. */
export type ClickEntry = {
  type: 'click';
  leadId: string;
  touch: { partnerId: string; refId: string | null } | null;
  conversionId: string | null;
};

/** A status that was answered: to its advertiser, or to ops who accept late what was refused before. */
export type StatusEntry = {
  type: 'status';
  conversionId: string;
  status: Status;
  result: 'recorded' | 'duplicate' | 'stale' | 'window_closed';
};

/** How many conversions of an offer may be approved. */
export type Cap = { day: number | null; total: number | null; beyond: 'pay_nothing' | 'close_offer' };

/** From now on an export says so of a conversion. It stands at the end if it is new, and in its place otherwise. */
export type ListedEntry = { type: 'listed'; conversionId: string; status: Status };

/** A file of statuses that was answered with 202. */
export type FileEntry = {
  type: 'file';
  importId: string;
  /** How many rows it has, those of unknown conversions included. */
  rows: number;
  /** The others, in their order. */
  known: FileRow[];
};

/** Rows are numbered from 1. */
export type FileRow = { row: number; conversionId: string; status: Status };

/** A postback that reached its partner; `call` is found again in how it was answered. */
export type ReceivedEntry = {
  type: 'received';
  call: string;
  postbackId: string;
  conversionId: string;
  status: string;
};

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never;

export type Journal = {
  /** Everything so far, earlier runs of the same trial included. */
  entries: readonly Entry[];
  add(entry: WithoutTime<Entry>): void;
};

/** Kept in a file, a line for each entry, written before anybody acts on it. */
export function openJournal(folder: string): Journal {
  const path = join(folder, 'journal.jsonl');
  const entries = existsSync(path) ? readEntries(readFileSync(path, 'utf8')) : [];
  // A line that an interrupted run left unfinished must not swallow the next one.
  appendFileSync(path, '\n');
  return {
    entries,
    add(entry) {
      const timed = { at: Date.now(), ...entry };
      entries.push(timed);
      appendFileSync(path, `${JSON.stringify(timed)}\n`);
    },
  };
}

export function entriesOf<Type extends Entry['type']>(journal: Journal, type: Type): Extract<Entry, { type: Type }>[] {
  return journal.entries.filter((entry): entry is Extract<Entry, { type: Type }> => entry.type === type);
}

function readEntries(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Entry];
    } catch {
      return [];
    }
  });
}
