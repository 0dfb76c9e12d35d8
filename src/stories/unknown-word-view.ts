import type { UnknownWord } from '../db/reports/unknown-words.ts';
import { findMeaning, PLAIN_VOCABULARY } from '../domain/vocabulary.ts';
import { suggestMeaning } from '../domain/word-suggestions.ts';

export type UnknownWordView = ReturnType<typeof viewUnknownWord>;

/** A word of the inbox with what it means by now, if somebody has said, and what others mean by it. */
export function viewUnknownWord({ vocabulary, ...word }: UnknownWord) {
  return {
    ...word,
    meaning: findMeaning(word.word, vocabulary ?? PLAIN_VOCABULARY) ?? null,
    suggestion: suggestMeaning(word.word)?.status ?? null,
  };
}
