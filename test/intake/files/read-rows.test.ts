import assert from 'node:assert/strict';
import fc from 'fast-check';
import { stringify } from 'csv-stringify/sync';
import type { FileRow } from '../../../src/domain/imports/row.ts';
import { AppError } from '../../../src/errors.ts';
import { readRows, type RowsOfFile } from '../../../src/intake/files/read-rows.ts';
import { readText } from '../../../src/intake/files/read-text.ts';

type Read = Omit<RowsOfFile, 'rows'> & { rows: FileRow[]; bytes: number };

/** Reads a file that comes in pieces of this size. */
async function read(file: string | Uint8Array, pieceSize = 7): Promise<Read> {
  let bytes = 0;
  const text = readText(pieces(Buffer.from(file as Uint8Array), pieceSize), {
    maxMegabytes: 1,
    onEnd: (facts) => ({ bytes } = facts),
  });
  const { rows, ...rest } = await readRows(text);
  const all: FileRow[] = [];
  for await (const batch of rows) all.push(...batch);
  return { ...rest, rows: all, bytes };
}

async function* pieces(file: Buffer, size: number): AsyncGenerator<Buffer> {
  await Promise.resolve();
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
}

/** Reads a text that is cut so. */
async function readCut(pieces: readonly string[]): Promise<Omit<Read, 'bytes'> | 'refused'> {
  const text = (async function* () {
    await Promise.resolve();
    yield* pieces.filter((piece) => piece !== '');
  })();
  try {
    const { rows, ...rest } = await readRows(text);
    const all: FileRow[] = [];
    for await (const batch of rows) all.push(...batch);
    return { ...rest, rows: all };
  } catch (error) {
    if (error instanceof AppError) return 'refused';
    throw error;
  }
}

describe('the rows of a file', () => {
  for (const [what, file] of [
    ['commas', 'id,state\na,sale\nb,"x,y"\n'],
    ['semicolons', 'id;state\na;sale\nb;"x,y"\n'],
    ['tabs', 'id\tstate\na\tsale\nb\tx,y\n'],
    ['bars', 'id|state\na|sale\nb|x,y\n'],
    ['CRLF and a byte order mark', '\ufeffid,state\r\na,sale\r\nb,"x,y"\r\n'],
    ['empty lines', '\n\nid,state\n\na,sale\n,\n\nb,"x,y"\n\n'],
    ['no line break at its end', 'id,state\na,sale\nb,"x,y"'],
    ['its delimiter named above it', 'sep=;\r\nid;state\r\na;sale\r\nb;"x,y"\r\n'],
    ['its delimiter named as a field', '\ufeff\n"SEP=\t"\nid\tstate\na\tsale\nb\tx,y\n'],
    ['blanks around the names', ' id , state \na,sale\nb,"x,y"\n'],
  ] as const) {
    it(`are found in CSV with ${what}`, async () => {
      const { format, header, rows } = await read(file);
      assert.deepEqual([format, header], ['csv', ['id', 'state']]);
      assert.deepEqual(rows, [
        ['a', 'sale'],
        ['b', 'x,y'],
      ]);
    });
  }

  it('are delimited as a line above the header says, whatever the header looks like', async () => {
    const { header, rows } = await read('sep=^\nid^a;b;c\n1^2;3\n');
    assert.deepEqual([header, rows], [['id', 'a;b;c'], [['1', '2;3']]]);
  });

  it('may hold line breaks, quotes and the delimiter of another file', async () => {
    const { rows } = await read('id,reason\na,"two\nlines"\nb,"she said ""no"""\nc,5" pipe\nd,a;b\n');
    const reasons = rows.map((row) => (row as string[])[1]);
    assert.deepEqual(reasons, ['two\nlines', 'she said "no"', '5" pipe', 'a;b']);
  });

  it('keep what a row lacks or has too much', async () => {
    const { rows } = await read('id,state\na\nb,sale,x\n');
    assert.deepEqual(rows, [['a'], ['b', 'sale', 'x']]);
  });

  for (const [format, file] of [
    ['json_lines', '{"id":"a","n":1}\n\n{"id":"b}","n":[{}]}\r\n'],
    ['json', ' [ {"id":"a","n":1},\n {"id":"b}","n":[{}]} ] \n'],
  ] as const) {
    it(`are found in ${format}`, async () => {
      for (const pieceSize of [1, 5, 1000]) {
        const { header, rows, ...known } = await read(file, pieceSize);
        assert.deepEqual([known.format, header], [format, null]);
        assert.deepEqual(rows, [
          { id: 'a', n: 1 },
          { id: 'b}', n: [{}] },
        ]);
      }
    });
  }

  it('that are no objects are kept to be refused', async () => {
    const { rows } = await read('{"id":"a"}\n{"id":\n[1]\n"text"\nnull\n');
    assert.deepEqual(rows.slice(1), ['{"id":', '[1]', '"text"', 'null']);
  });

  it('that are nested so deep that they could not be stored are kept to be refused', async () => {
    const nested = (levels: number) => `{"id":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    for (const join of [(rows: string[]) => rows.join('\n'), (rows: string[]) => `[${rows.join(',')}]`]) {
      const { rows } = await read(join(['{"id":"a"}', nested(20), nested(21), nested(30_000)]), 40_000);
      assert.deepEqual(
        rows.map((row) => typeof row),
        ['object', 'object', 'string', 'string'],
      );
    }
    await assert.rejects(read(nested(30_000), 40_000), /first row is no flat JSON object/);
  });

  it('are found behind a megabyte of blanks as soon as behind one', async () => {
    // Each piece is of many blanks; looked at all together with each new one they would take minutes.
    const blanks = ' \n'.repeat(490_000);
    const began = performance.now();
    const { rows } = await read(`${blanks}id,state\na,sale\n`, 16_384);
    assert.deepEqual(rows, [['a', 'sale']]);
    let held = 0;
    const text = (async function* () {
      for (let count = 0; count < 3000; count++) yield await Promise.resolve(' '.repeat(20_000));
      held = performance.now() - began;
      yield '{"id":"a"}';
    })();
    assert.equal((await readRows(text)).format, 'json_lines');
    assert.ok(held < 20_000, `${held} ms for 60 MB of blanks`);
  });

  it('are the same in whatever pieces the file comes', async () => {
    const field = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !/[\r\n]/.test(text));
    const table = fc.array(fc.tuple(field, field, fc.constant('x')), { minLength: 1, maxLength: 20 });
    const property = fc.asyncProperty(table, fc.integer({ min: 1, max: 40 }), async (rows, pieceSize) => {
      const csv = stringify([['a', 'b', 'c'], ...rows], { quoted: true });
      assert.deepEqual((await read(csv, pieceSize)).rows, rows);
      const objects = rows.map(([a, b, c]) => ({ a, b, c }));
      assert.deepEqual((await read(JSON.stringify(objects, null, 1), pieceSize)).rows, objects);
      const lines = objects.map((object) => JSON.stringify(object)).join('\n');
      assert.deepEqual((await read(lines, pieceSize)).rows, objects);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('are the same, or refused, wherever the file is cut, however odd it is', async () => {
    const begins = ['', ' ', '\n\t', '\ufeff', '{"id":"a"}\n', '[{"a":1}', 'id,state\r\n', 'a;b\r', '"a b"\tc\n'];
    const signs = [
      '"',
      '""',
      '\\"',
      ',',
      ';',
      '\t',
      '\r\n',
      '\n',
      '\r',
      ' ',
      '\ufeff',
      'x',
      '\u{1f600}',
      '{',
      '}',
      '[',
      ']',
    ];
    const parts = ['{"id":"a"}', '{"a":"]}\\""}', 'id,state', 'a,b', ...signs];
    const file = fc
      .tuple(fc.constantFrom(...begins), fc.array(fc.constantFrom(...parts), { maxLength: 25 }))
      .map(([begin, rest]) => [...begin, ...rest.join('')]);
    const cuts = fc.array(fc.nat(100), { minLength: 1, maxLength: 6 });
    const property = fc.asyncProperty(file, cuts, async (characters, places) => {
      const ends = [...new Set(places)].sort((one, other) => one - other);
      const cut = [0, ...ends].map((begin, index) => characters.slice(begin, ends[index]).join(''));
      assert.deepEqual(await readCut(cut), await readCut([characters.join('')]));
    });
    await fc.assert(property, { numRuns: 1000, examples: [[['\n', '\t', 'i', 'd'], [2]]] });
  });

  it('are refused for a line of JSON lines that is too long, also when it is blank, wherever the file is cut', async () => {
    for (const line of [' '.repeat(70 * 1024), `{"id":"b"}${' '.repeat(70 * 1024)}`]) {
      for (const cut of [[`{"id":"a"}\n${line}\n{"id":"c"}\n`], ['{"id":"a"}\n', line, '\n{"id":"c"}\n']]) {
        assert.equal(await readCut(cut), 'refused');
      }
    }
    const begin = ' '.repeat(70 * 1024);
    for (const cut of [[`${begin}{"id":"a"}`], [begin, '{"id":"a"}']]) {
      assert.notEqual(await readCut(cut), 'refused');
    }
  });

  it('count their bytes', async () => {
    assert.equal((await read('id\ngrün\n')).bytes, 9);
  });

  const wide = 'x'.repeat(70 * 1024);
  for (const [what, file, message] of [
    ['nothing', '', /empty/],
    ['blanks alone', ' \n\n ', /empty/],
    ['the name of a delimiter alone', 'sep=;\r\n', /empty/],
    ['Latin-1', Buffer.from('id,reason\na,gr\xfcn\n', 'latin1'), /not UTF-8 text.*CSV UTF-8/],
    ['UTF-16', Buffer.from('\ufeffid,state\na,sale\n', 'utf16le'), /UTF-16.*CSV UTF-8/],
    ['a cut off character', Buffer.from('id\ngr\u00fcn').subarray(0, 6), /not UTF-8/],
    ['an Excel workbook', Buffer.from('PK\x03\x04rest'), /Excel workbook/],
    ['a compressed file', Buffer.from([0x1f, 0x8b, 8, 0]), /uncompressed/],
    [
      'a quote that is never closed below the name of a delimiter',
      'sep=;\nid;state\na;sale\nb;"x\n',
      /row 2: a quote is opened/,
    ],
    ['a quote that is never closed', 'id,state\na,sale\nb,"x\nc,sale\n', /row 2: a quote is opened/],
    ['a row that is too long', `id,state\na,sale\nb,${wide}\n`, /longer than 64 KB/],
    ['a header that is too long', `id,${wide}`, /longer than 64 KB/],
    ['a JSON line that is too long', `{"id":"a"}\n{"id":"${wide}"}\n`, /Row 2 is longer than 64 KB/],
    ['a JSON object that is too long', `[{"id":"a"},{"id":"${wide}"}]`, /longer than 64 KB/],
    ['an array that is cut off', '[{"id":"a"},{"id":', /cut off/],
    ['an array of texts', '["a","b"]', /array of objects/],
    ['text after the array', '[{"id":"a"}] x', /array of objects/],
    ['JSON that is no object', '{"id":\n', /no flat JSON object/],
    ['more than it may', 'a\n'.repeat(500_001), /larger than 1 MB/],
  ] as const) {
    it(`are refused with ${what}, and it says what to do`, async () => {
      await assert.rejects(read(file, 1000), message);
    });
  }
});
