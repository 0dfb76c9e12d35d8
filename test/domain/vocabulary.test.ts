import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readStatusFields } from '../../src/domain/status-call.ts';
import { statuses } from '../../src/domain/status.ts';
import {
  addWord,
  findMeaning,
  meanings,
  normaliseWord,
  parseVocabulary,
  understand,
  type Vocabulary,
} from '../../src/domain/vocabulary.ts';
import { suggestMeaning } from '../../src/domain/word-suggestions.ts';

function vocabularyOf(given: unknown): Vocabulary {
  const parsed = parseVocabulary(given);
  assert.ok(!('problems' in parsed), JSON.stringify(parsed));
  return parsed;
}

function problemsOf(given: unknown): Record<string, string> {
  const parsed = parseVocabulary(given);
  assert.ok('problems' in parsed, 'it was accepted');
  return Object.fromEntries(parsed.problems.map(({ field, message }) => [field, message]));
}

const said = (word: string | null, vocabulary?: Vocabulary) => understand({ conversionId: 'c1', word }, vocabulary);
const meaningOf = (word: string | null, vocabulary?: Vocabulary) => {
  const understood = said(word, vocabulary);
  return understood.kind === 'status' ? understood.status : understood.kind;
};

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => {
  return normaliseWord(text) !== '' && !('problems' in parseVocabulary({ words: { [text]: 'ignore' } }));
});
const words = fc.uniqueArray(fc.tuple(word, fc.constantFrom(...meanings)), {
  selector: ([text]) => normaliseWord(text),
  maxLength: 20,
});

describe('a vocabulary', () => {
  it('says what each word of an advertiser means, in any case and with blanks around it', () => {
    fc.assert(
      fc.property(words, fc.constantFrom('', ' ', '\t  '), (entries, blanks) => {
        const vocabulary = vocabularyOf({ words: Object.fromEntries(entries) });
        for (const [text, meaning] of entries) {
          assert.equal(findMeaning(`${blanks}${text}${blanks}`, vocabulary), meaning);
          assert.equal(findMeaning(normaliseWord(text), vocabulary), meaning);
        }
      }),
    );
  });

  it('knows no other words but ours, which hold unless it says otherwise', () => {
    fc.assert(
      fc.property(words, word, (entries, other) => {
        const vocabulary = vocabularyOf({ words: Object.fromEntries(entries) });
        const own = entries.find(([text]) => normaliseWord(text) === normaliseWord(other))?.[1];
        const ours = statuses.find((status) => status === normaliseWord(other));
        assert.equal(findMeaning(other, vocabulary), own ?? ours);
        for (const status of statuses.filter((each) => !Object.hasOwn(vocabulary.words, each))) {
          assert.equal(findMeaning(status.toUpperCase(), vocabulary), status);
        }
      }),
    );
    assert.equal(meaningOf('approved', vocabularyOf({ words: { Approved: 'pending' } })), 'pending');
  });

  it('reads the same when it is given as it was kept', () => {
    fc.assert(
      fc.property(words, fc.constantFrom(...statuses, null), (entries, default_status) => {
        const vocabulary = vocabularyOf({ words: Object.fromEntries(entries), default_status });
        assert.deepEqual(vocabularyOf(JSON.parse(JSON.stringify(vocabulary))), vocabulary);
      }),
    );
  });

  it('never means the same by two advertisers who contradict each other', () => {
    const [one, other] = [vocabularyOf({ words: { '1': 'approved' } }), vocabularyOf({ words: { '1': 'rejected' } })];
    assert.deepEqual([meaningOf('1', one), meaningOf('1', other), meaningOf('1')], ['approved', 'rejected', 'refused']);
  });

  it('takes names that every object has for words like any other', () => {
    for (const text of ['__proto__', 'constructor', 'toString']) {
      assert.equal(meaningOf(text), 'refused', text);
      const given: unknown = JSON.parse(`{"words":{"${text}":"rejected"}}`);
      assert.equal(meaningOf(text, vocabularyOf(given)), 'rejected', text);
      assert.equal(meaningOf(text, addWord(vocabularyOf({}), text, 'approved')), 'approved', text);
    }
  });

  it('says what is wrong with it, and where', () => {
    const {
      'words.SALE': same,
      'words.x': meaning,
      ...others
    } = problemsOf({
      words: { sale: 'approved', SALE: 'rejected', x: 'paid', ' ': 'ignore', ['w'.repeat(65)]: 'ignore' },
      default_status: 'ignore',
      parameters: { click: 'click_id', status: 7 },
      more: 1,
    });
    assert.match(String(same), /is the same word as "sale"/);
    assert.match(String(meaning), /must mean pending, approved, rejected or ignore/);
    assert.deepEqual(Object.keys(others).sort(), [
      'default_status',
      'more',
      'parameters.click',
      'parameters.status',
      'words. ',
      `words.${'w'.repeat(65)}`,
    ]);
    for (const given of [7, 'words', [], null]) assert.ok('' in problemsOf(given));
    assert.ok('words' in problemsOf({ words: Object.fromEntries([...Array(201).keys()].map((n) => [n, 'ignore'])) }));
  });

  it('takes no two fields from one parameter, and leaves none without a name', () => {
    const twice = problemsOf({ parameters: { conversion_id: 'id', transaction_id: ' ID ' } });
    assert.deepEqual(twice, { 'parameters.transaction_id': '"ID" is the parameter of conversion_id already' });
    const taken = problemsOf({ parameters: { reason: 'status' } });
    assert.deepEqual(taken, { 'parameters.status': 'is needed, as "status" is the parameter of reason' });
    vocabularyOf({ parameters: { reason: 'status' }, default_status: 'approved' });
  });
});

describe('a call of an advertiser', () => {
  const raw = (query: Record<string, unknown>) => ({ method: 'GET', query, body: null });

  it('is read by its own names of the parameters, or by ours where no other field is called so', () => {
    const { parameters } = vocabularyOf({
      parameters: { conversion_id: 'click_id', status: 'state', transaction_id: 'conversion_id' },
    });
    const read = (query: Record<string, unknown>) => {
      const { conversionId, word: sent } = readStatusFields(raw(query), parameters);
      return [conversionId, sent];
    };
    assert.deepEqual(read({ click_id: 'c1', state: 'sale', conversion_id: 't1' }), ['c1', 'sale']);
    assert.deepEqual(read({ conversion_id: 't1', status: 'sale' }), [null, 'sale']);
    assert.deepEqual(read({ click_id: 'c1', state: '', status: 'lead' }), ['c1', 'lead']);
  });

  it('is told what is wrong by the name it used', () => {
    const { problems } = readStatusFields(raw({ click_id: ['a', 'b'] }), { conversion_id: 'click_id' });
    assert.deepEqual(problems, [{ field: 'click_id', message: 'click_id must be one text, given once.' }]);
  });

  it('without a word means what its vocabulary says, and is malformed when that says nothing', () => {
    const bare = vocabularyOf({ default_status: 'approved', parameters: { status: 'state' } });
    for (const none of [null, '', '  ']) assert.equal(meaningOf(none, bare), 'approved');
    assert.equal(meaningOf('sold', bare), 'refused', 'an unknown word is no bare call');
    const asking = vocabularyOf({ words: { sale: 'approved' }, parameters: { status: 'state' } });
    assert.deepEqual(said(null, asking), {
      kind: 'refused',
      result: 'malformed',
      message: 'state is missing: send one of sale, pending, approved, rejected.',
    });
  });

  it('with an unknown word is refused with the words that are known', () => {
    const vocabulary = vocabularyOf({ words: { lead: 'pending', rejected: 'ignore' } });
    assert.deepEqual(said('Sale', vocabulary), {
      kind: 'refused',
      result: 'unknown_word',
      message: 'Status "Sale" is not known: send one of lead, rejected, pending, approved.',
    });
  });

  it('that is to be ignored needs no conversion_id, any other one does', () => {
    const vocabulary = vocabularyOf({ words: { test: 'ignore' } });
    assert.deepEqual(understand({ conversionId: null, word: 'TEST' }, vocabulary), {
      kind: 'ignore',
      conversionId: null,
    });
    for (const sent of ['approved', 'sold']) {
      const refused = understand({ conversionId: null, word: sent }, vocabulary);
      assert.ok(refused.kind === 'refused' && refused.result === 'malformed', sent);
      assert.match(refused.message, /^conversion_id is missing/);
    }
  });
});

describe('the suggestion for a word', () => {
  it('is what most networks mean by it', () => {
    assert.deepEqual(suggestMeaning(' Trash '), { status: 'rejected', networks: 42 });
    assert.equal(suggestMeaning('lead')?.status, 'pending');
    assert.equal(suggestMeaning('SALE')?.status, 'approved');
  });

  it('is never made for digits, nor for words that nobody was seen to use', () => {
    for (const text of ['0', '1', '2', '3', '5', '77', '', 'constructor', 'sold']) {
      assert.equal(suggestMeaning(text), undefined, text);
    }
  });
});
