import assert from 'node:assert/strict';
import {
  findHeaderProblem,
  gatherColumns,
  listNames,
  type ColumnMapping,
} from '../../../src/domain/imports/columns.ts';

type Changes = { given?: ColumnMapping; usual?: ColumnMapping[]; mayLackStatus?: boolean };

/** The columns of a file with this header, or whose objects call their fields so. */
function find(rows: string[] | string[][], { given = {}, usual = [], mayLackStatus = false }: Changes = {}) {
  const columns = gatherColumns({ names: listNames(given, usual), given, mayLackStatus });
  for (const row of Array.isArray(rows[0]) ? (rows as string[][]) : [rows as string[]]) columns.see(row);
  return columns.judge();
}

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

  it('are found however their accents are written', () => {
    const [composed, apart] = ['Verg\u00fctung', 'Vergu\u0308tung'];
    assert.deepEqual(find(['conversion_id', 'status', apart], { usual: [{ reason: composed }] }), {
      conversion_id: 'conversion_id',
      status: 'status',
      reason: apart,
    });
    assert.match(findHeaderProblem([composed, apart]) ?? '', /twice/);
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

  it('may come in any of its objects, and are called as the first of them spells the name that is looked for first', () => {
    const usual = [{ event_time: 'When' }];
    const rows = [['event_time'], ['reason', 'STATUS'], ['conversion_id', 'status'], ['when'], ['WHEN', 'Reason']];
    assert.deepEqual(find(rows, { usual }), {
      conversion_id: 'conversion_id',
      status: 'STATUS',
      reason: 'reason',
      event_time: 'when',
    });
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
    const many = find(Array.from({ length: 30 }, (_, n) => [`n${n}`, `n${n + 1}`]));
    assert.match(Array.isArray(many) ? (many[0]?.message ?? '') : '', /The file has "n0", "n1", .*, "n19", ….$/);
  });

  it('are looked for by what the caller names alone, and else by each name once', () => {
    const usual = [{ reason: 'Why', status: 'State' }, { reason: ' why' }];
    assert.deepEqual(listNames({ status: 'S' }, usual), {
      conversion_id: ['conversion_id'],
      status: ['S'],
      reason: ['Why', 'reason'],
      transaction_id: ['transaction_id'],
      event_time: ['event_time'],
    });
  });

  it('must not share a name', () => {
    assert.match(findHeaderProblem(['id', 'Status', 'status ']) ?? '', /"status" twice/);
    assert.equal(findHeaderProblem(['id', '', '']), null);
    assert.match(findHeaderProblem(['', '']) ?? '', /must name the columns/);
  });
});
