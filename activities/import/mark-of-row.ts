import { createHash } from 'node:crypto';
import type { StatusReport } from '../../src/domain/status-report.ts';
import { normaliseWord } from '../../src/domain/vocabulary.ts';

const MARK_LENGTH = 16;

/** A short mark of what a row of an export says of its conversion: its word and its time. Two rows alike have the same. */
export function markOfRow({ word, eventAt }: Pick<StatusReport, 'word' | 'eventAt'>): string {
  const text = JSON.stringify([word === null ? null : normaliseWord(word), eventAt]);
  return createHash('sha256').update(text).digest('base64url').slice(0, MARK_LENGTH);
}
