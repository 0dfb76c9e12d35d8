import assert from 'node:assert/strict';
import fc from 'fast-check';
import { listNames } from '../../../src/domain/imports/columns.ts';
import { createRowReader, type RowFields } from '../../../src/domain/imports/row.ts';

const names = listNames({}, [{ reason: 'Comment', conversion_id: 'id', transaction_id: 'ID ' }, { reason: 'why' }]);
const createReader = () => createRowReader({ header: null, mapping: {}, names });

describe('a row of JSON', () => {
  const read = createReader();

  it('is read by the first of the names that it has, in any case', () => {
    assert.deepEqual(read({ COMMENT: 'a', why: 'b', reason: 'c' }), { reason: 'a' });
    assert.deepEqual(read({ Reason: 'c', ' WHY ': ' b ' }), { reason: 'b' });
    assert.deepEqual(read({ reason: null }), { reason: null });
    assert.deepEqual(read({ id: 7, Status: 'sold' }), { conversion_id: 7, transaction_id: 7, status: 'sold' });
    assert.deepEqual(read({ __proto__: { status: 'x' }, more: 1 }), {});
  });

  it('that has a name twice is refused, unless another name counts', () => {
    assert.match(read({ Status: 'a', id: 1, status: 'a' }) as string, /"Status" and "status", which are one name/);
    assert.deepEqual(read({ why: 'a', Why: 'b', Comment: 'c' }), { reason: 'c' });
  });

  it('is read the same whichever rows came before', () => {
    const name = fc.oneof(
      fc.constantFrom('reason', 'Reason', 'Comment', 'why', 'id', 'ID', 'status', 'event_time', '__proto__'),
      fc.string(),
    );
    const rows = fc.array(fc.dictionary(name, fc.oneof(fc.string(), fc.constant(null)), { maxKeys: 6 }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(rows, (some) => {
        const one = createReader();
        for (const row of some) assert.deepEqual(one(row), createReader()(row));
      }),
    );
  });

  it('is read the same behind more names than are remembered', () => {
    const one = createReader();
    for (let n = 0; n < 5000; n++) one({ [`n${n}`]: n });
    assert.deepEqual(one({ ReaSon: 'a', [`${' '.repeat(300)}status`]: 'b' }), { reason: 'a', status: 'b' });
  });

  it('that an earlier version took in is read by the mapping alone', () => {
    const earlier = createRowReader({ header: null, mapping: { status: 'State' }, names: null });
    assert.deepEqual(earlier({ state: 'a', status: 'b', reason: 'c' }), { status: 'a' } satisfies RowFields);
  });
});

it('a row of CSV is read by its place', () => {
  const read = createRowReader({ header: ['id', 'x', 'State'], mapping: { status: 'State' }, names: null });
  assert.deepEqual(read(['a', 'b', ' c ']), { status: 'c' });
  assert.match(read(['a']) as string, /1 field, but the header names 3/);
});
