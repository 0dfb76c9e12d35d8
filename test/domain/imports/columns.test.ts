import assert from 'node:assert/strict';
import { findColumns, findHeaderProblem, type ColumnMapping } from '../../../src/domain/imports/columns.ts';

const find = (names: string[], changes: Partial<Parameters<typeof findColumns>[0]> = {}) =>
  findColumns({ names, given: {}, usual: [], mayLackStatus: false, ...changes });

describe('the columns of a file', () => {
  it('have our names when nothing else is said, in any case', () => {
    assert.deepEqual(find(['Status', 'extra', ' CONVERSION_ID ']), {
      conversion_id: ' CONVERSION_ID ',
      status: 'Status',
    });
  });

  it('are those that the caller names', () => {
    const given: ColumnMapping = { conversion_id: 'Click ID', status: 'state', event_time: 'When' };
    assert.deepEqual(find(['click id', 'State', 'when', 'status'], { given }), {
      conversion_id: 'click id',
      status: 'State',
      event_time: 'when',
    });
  });

  it('are those of the last file, then those of the vocabulary, unless this file has others', () => {
    const usual = [{ conversion_id: 'Click ID' }, { conversion_id: 'cid', status: 'state' }];
    assert.deepEqual(find(['Click ID', 'cid', 'state'], { usual }), { conversion_id: 'Click ID', status: 'state' });
    assert.deepEqual(find(['cid', 'state'], { usual }), { conversion_id: 'cid', status: 'state' });
    assert.deepEqual(find(['conversion_id', 'status'], { usual }), {
      conversion_id: 'conversion_id',
      status: 'status',
    });
  });

  it('of which later rows may have more are looked for there by the usual name, or by ours', () => {
    const usual = [{ conversion_id: 'cid', event_time: 'when' }, { event_time: 'time' }];
    assert.deepEqual(find(['conversion_id', 'status', 'Reason'], { usual, mayHaveMore: true }), {
      conversion_id: 'conversion_id',
      status: 'status',
      reason: 'Reason',
      transaction_id: 'transaction_id',
      event_time: 'when',
    });
    assert.ok(Array.isArray(find(['conversion_id'], { mayHaveMore: true })), 'what each row needs must be there');
  });

  it('need no status where a row without one has a meaning', () => {
    assert.deepEqual(find(['conversion_id'], { mayLackStatus: true }), { conversion_id: 'conversion_id' });
  });

  it('that are missing are named, with what is there and how to say it', () => {
    assert.deepEqual(find(['Click ID', 'status']), [
      {
        field: 'mapping.conversion_id',
        message:
          'No column holds the conversion_id: name it in the mapping, as in {"conversion_id":"Click ID"}. The file has "Click ID", "status".',
      },
    ]);
    const problems = find(['conversion_id', 'status'], { given: { reason: 'why' } });
    assert.match(Array.isArray(problems) ? (problems[0]?.message ?? '') : '', /no column "why" for the reason/);
  });

  it('must not share a name', () => {
    assert.match(findHeaderProblem(['id', 'Status', 'status ']) ?? '', /"status" twice/);
    assert.equal(findHeaderProblem(['id', '', '']), null);
    assert.match(findHeaderProblem(['', '']) ?? '', /must name the columns/);
  });
});
