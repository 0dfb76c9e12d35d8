import assert from 'node:assert/strict';
import fc from 'fast-check';
import { noteRow, type Reading, type RowKind, type Said } from '../../../src/domain/pulls/said-before.ts';

/** What each row of files is taken for; `a` and `a:rejected` are the same word and time, read otherwise. */
function kindsOf(files: string[][], begin?: Said): RowKind[][] {
  let said = begin;
  return files.map((rows, index) =>
    rows.map((row) => {
      const [mark = '', readAs = 'approved'] = row.split(':');
      const noted = noteRow(said, { importId: `i${index}`, mark, readAs: readAs as Reading });
      ({ said } = noted);
      return noted.kind;
    }),
  );
}

/** `true` for a repeat. */
function read(files: string[][]): boolean[][] {
  return kindsOf(files).map((kinds) => kinds.map((kind) => kind === 'repeat'));
}

describe('what an export has said before', () => {
  it('is what stood in the file that named the conversion last', () => {
    assert.deepEqual(read([['a'], ['a'], ['b'], ['a'], ['a', 'b']]), [
      [false],
      [true],
      [false],
      [false],
      [true, false],
    ]);
  });

  it('is not what stood in the same file', () => {
    assert.deepEqual(
      read([
        ['a', 'a'],
        ['a', 'a', 'b'],
      ]),
      [
        [false, false],
        [true, true, false],
      ],
    );
  });

  it('stays through files that leave the conversion out', () => {
    assert.deepEqual(read([['a'], [], ['a']]), [[false], [], [true]]);
  });

  it('is each row of a file that comes a second time, whatever it says', () => {
    const file = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(file), file, (files, last) => {
        assert.ok(
          read([...files, last, last])
            .at(-1)
            ?.every(Boolean),
        );
      }),
    );
  });

  it('is read anew once when its word means something else, together with what stands below it', () => {
    assert.deepEqual(
      kindsOf([
        ['b', 'a', 'c'],
        ['b', 'a:rejected', 'c', 'd'],
        ['b', 'a:rejected', 'c', 'd'],
      ]),
      [
        ['news', 'news', 'news'],
        ['repeat', 'reread', 'reread', 'news'],
        ['repeat', 'repeat', 'repeat', 'repeat'],
      ],
    );
  });

  it('is a repeat where nobody has noted as what it was read', () => {
    const begin = { importId: 'before', said: [{ mark: 'a', readAs: null }], saidBefore: [] };
    assert.deepEqual(kindsOf([['a'], ['a:rejected']], begin), [['repeat'], ['reread']]);
  });

  it('is bounded, however often a file names the conversion', () => {
    let said: Said | undefined;
    for (let row = 0; row < 1000; row++)
      ({ said } = noteRow(said, { importId: 'i', mark: `${row}`, readAs: 'approved' }));
    assert.equal(said?.said.length, 100);
  });
});
