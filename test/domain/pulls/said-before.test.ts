import assert from 'node:assert/strict';
import fc from 'fast-check';
import { noteRow, type Said } from '../../../src/domain/pulls/said-before.ts';

/** What each row of files is taken for: `true` for a repeat. */
function read(files: string[][]): boolean[][] {
  let said: Said | undefined;
  return files.map((marks, index) =>
    marks.map((mark) => {
      const noted = noteRow(said, { importId: `i${index}`, mark });
      ({ said } = noted);
      return noted.isRepeat;
    }),
  );
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

  it('is bounded, however often a file names the conversion', () => {
    let said: Said | undefined;
    for (let row = 0; row < 1000; row++) ({ said } = noteRow(said, { importId: 'i', mark: `${row}` }));
    assert.equal(said?.said.length, 100);
  });
});
