import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mergeVocabulary, type EditedVocabulary, type OpenedVocabulary } from '../../src/domain/vocabulary-merge.ts';

type Words = Record<string, string>;

const PLAIN: EditedVocabulary = { words: {}, default_status: null, parameters: {} };

/** @returns the words that come of it */
function mergeWords({ opened = {}, waiting = {}, given = {}, now = {} }: Partial<Record<string, Words>>): Words {
  const merged = mergeVocabulary({
    opened: { ...PLAIN, words: opened, waiting },
    given: { ...PLAIN, words: given },
    now: { ...PLAIN, words: now },
  });
  return { ...merged.words };
}

// Few names, so that they meet.
const texts = fc
  .array(fc.tuple(fc.constantFrom('sale', 'lead', 'constructor', '__proto__'), fc.constantFrom('a', 'b', 'c')))
  .map((entries): Words => Object.fromEntries(entries));
const vocabulary = fc
  .tuple(texts, fc.constantFrom(null, 'approved', 'rejected'), texts)
  .map(([words, default_status, parameters]): EditedVocabulary => ({ words, default_status, parameters }));
const openedOf = (edited: EditedVocabulary): OpenedVocabulary => ({ ...edited, waiting: {} });

describe('an editor of a vocabulary that others have changed since it was opened', () => {
  it('changes nothing when nothing was touched', () => {
    fc.assert(
      fc.property(vocabulary, vocabulary, (given, now) => {
        assert.deepEqual(mergeVocabulary({ opened: openedOf(given), given, now }), now);
      }),
    );
  });

  it('leaves what was typed when nobody has changed anything', () => {
    fc.assert(
      fc.property(vocabulary, vocabulary, (given, now) => {
        assert.deepEqual(mergeVocabulary({ opened: openedOf(now), given, now }), given);
      }),
    );
  });

  it('takes what was touched, and of all else what holds now', () => {
    fc.assert(
      fc.property(texts, texts, texts, (opened, given, now) => {
        const merged = mergeWords({ opened, given, now });
        for (const word of new Set([opened, given, now, merged].flatMap(Object.keys))) {
          const [was, is] = [opened, given].map((words) => new Map(Object.entries(words)).get(word));
          const expected = was === is ? new Map(Object.entries(now)).get(word) : is;
          assert.equal(new Map(Object.entries(merged)).get(word), expected, word);
        }
      }),
    );
  });

  it('accepts a suggestion unless the word has been given a meaning', () => {
    const form = { waiting: { sale: 'approved' }, given: { sale: 'approved' } };
    assert.deepEqual(mergeWords(form), { sale: 'approved' });
    assert.deepEqual(mergeWords({ ...form, now: { sale: 'rejected' } }), { sale: 'rejected' });
  });

  it('takes another meaning than was suggested, whatever the word means now', () => {
    const form = { waiting: { sale: 'approved', lead: '' }, given: { sale: 'ignore', lead: 'pending' } };
    assert.deepEqual(mergeWords({ ...form, now: { sale: 'rejected', lead: 'rejected' } }), {
      sale: 'ignore',
      lead: 'pending',
    });
  });

  it('leaves a word what it means now when it was left waiting', () => {
    assert.deepEqual(mergeWords({ waiting: { sale: 'approved' } }), {});
    assert.deepEqual(mergeWords({ waiting: { sale: 'approved' }, now: { sale: 'rejected' } }), { sale: 'rejected' });
  });
});
