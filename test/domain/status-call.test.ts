import assert from 'node:assert/strict';
import { readStatusFields, type RawStatusCall } from '../../src/domain/status-call.ts';

const rawOf = (query: RawStatusCall['query'], body: RawStatusCall['body'] = null): RawStatusCall => ({
  method: body ? 'POST' : 'GET',
  query,
  body,
});
const nothing = { conversionId: null, word: null, reason: null, transactionId: null, problems: [] };

describe('the fields of a status call', () => {
  it('are read from the query, and from the body before it', () => {
    const query = { conversion_id: 'c1', status: 'pending', reason: 'query' };
    assert.deepEqual(readStatusFields(rawOf(query)), {
      conversionId: 'c1',
      word: 'pending',
      reason: 'query',
      transactionId: null,
      problems: [],
    });
    assert.deepEqual(readStatusFields(rawOf(query, { status: 'approved', reason: null })), {
      conversionId: 'c1',
      word: 'approved',
      reason: null,
      transactionId: null,
      problems: [],
    });
  });

  it('are absent when they are empty, and whole numbers are their digits', () => {
    assert.deepEqual(readStatusFields(rawOf({ conversion_id: '', status: '', reason: '' })), nothing);
    assert.equal(readStatusFields(rawOf({}, { conversion_id: 77 })).conversionId, '77');
  });

  it('count as absent when they cannot be used, and the others stay', () => {
    const { problems, ...fields } = readStatusFields(
      rawOf({ conversion_id: 'c'.repeat(65), status: 'approved', reason: ['a', 'b'], transaction_id: 'a\0' }),
    );
    assert.deepEqual(fields, { conversionId: null, word: 'approved', reason: null, transactionId: null });
    assert.deepEqual(problems, [
      { field: 'conversion_id', message: 'conversion_id has at most 64 characters.' },
      { field: 'reason', message: 'reason must be one text, given once.' },
      { field: 'transaction_id', message: 'transaction_id holds characters that cannot be stored.' },
    ]);
  });

  it('read the same from what was kept of the call', () => {
    const raw = rawOf({ conversion_id: 'c1' }, { status: 'Approved', reason: 12, more: { deep: [1.5, null] } });
    assert.deepEqual(readStatusFields(JSON.parse(JSON.stringify(raw)) as RawStatusCall), readStatusFields(raw));
  });
});
