import assert from 'node:assert/strict';
import { connect } from 'node:net';
import fc from 'fast-check';
import { closeServer, createFastServer, listen, type FastServer } from '../../src/http/protocol/server.ts';
import { createTestDatabase } from '../support/database.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';
import { buildPublicApp, makeOffer } from './build-public-app.ts';

const RUNS = 150;

/** Sends bytes as they are and returns the status of the answer. @throws Error when the connection is closed without one */
function sendRaw(port: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(Buffer.concat(chunks).toString('latin1'))?.[1];
      if (status === undefined) reject(new Error('The connection was closed without an answer.'));
      else resolve(Number(status));
    });
  });
}

function makeRequest(line: string, headers: string[], body = Buffer.alloc(0)): Buffer {
  const head = [
    `${line} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    `Content-Length: ${body.length}`,
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

/** Bytes as text in which each byte is one character, without those that end a line. */
const rawText = fc.uint8Array({ maxLength: 60 }).map((bytes) =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/[\r\n]/g, ''),
);
/** Bytes that are percent-encoded, so that all of them arrive. */
const encodedBytes = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
const brokenEscapes = fc.constantFrom(
  '%',
  '%z',
  '%ff',
  '%c0%80',
  '%ed%a0%80',
  '%00',
  '%u0041',
  '&&==',
  '[]=',
  '__proto__=1',
);
const long = fc.integer({ min: 1, max: 10_000 }).map((length) => 'x'.repeat(length));
const segment = fc.oneof(
  rawText.map((text) => text.replace(/[ ?#]/g, '')),
  encodedBytes,
  brokenEscapes,
  long,
);
const value = fc.oneof(
  rawText.map((text) => text.replace(/[ #]/g, '')),
  encodedBytes,
  brokenEscapes,
  long,
);

describe('random bytes from outside', () => {
  let network: Network;
  let server: FastServer;
  let port: number;
  let logged: object[];

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    const { clicks, statuses, offerId, advertiserId } = network;
    const offers = [makeOffer({ offerId, advertiserId })];
    const built = await buildPublicApp({ clicks, statuses, offers });
    logged = built.logged;
    server = createFastServer(built.app);
    port = await listen(server, { host: '127.0.0.1', port: 0, setting: 'PORT' });
  });
  after(async () => {
    await closeServer(server, 1000);
    await network.close();
  });

  async function neverFails(requestLike: fc.Arbitrary<Buffer>): Promise<void> {
    const property = fc.asyncProperty(requestLike, async (bytes) => {
      const status = await sendRaw(port, bytes);
      assert.ok(status < 500, `status ${status}, logged ${logged.map(String).join()}`);
    });
    await fc.assert(property, { numRuns: RUNS });
    assert.deepEqual(logged, []);
  }

  it('in a path never give a 5xx', async () => {
    const paths = fc.oneof(
      segment.map((one) => `/${one}`),
      segment.map((one) => `/go/${one}`),
      segment.map((one) => `/advertisers/${one}/postback`),
      fc.array(segment, { maxLength: 4 }).map((all) => `/${all.join('/')}`),
    );
    const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS');
    await neverFails(fc.tuple(methods, paths).map(([method, path]) => makeRequest(`${method} ${path}`, [])));
  });

  it('in a query never give a 5xx', async () => {
    const targets = fc.constantFrom(
      `/${'abcdefghigk'}/?ref_id=`,
      `/${'abcdefghigk'}/?offer_id=`,
      '/go/OFFER?lead=',
      '/abcdefghigk/?offer_id=OFFER&ref_id=',
      '/advertisers/ADVERTISER/postback?token=TOKEN&status=approved&conversion_id=',
      '/advertisers/ADVERTISER/postback?token=TOKEN&conversion_id=c&status=',
      '/advertisers/ADVERTISER/postback?token=TOKEN&conversion_id=c&status=approved&reason=',
      '/advertisers/ADVERTISER/postback?token=',
      '/docs?',
    );
    const lines = fc.tuple(targets, value).map(([target, text]) => `GET ${fill(target)}${text}`);
    await neverFails(lines.map((line) => makeRequest(line, [])));
  });

  it('in a cookie or another header never give a 5xx', async () => {
    const names = fc.constantFrom('Cookie', 'User-Agent', 'Authorization', 'Sec-Purpose', 'X-Forwarded-For', 'Accept');
    const headers = fc.tuple(names, fc.constantFrom('', 'lead=', 'Bearer '), rawText);
    const paths = fc.constantFrom(`/abcdefghigk/?ref_id=1`, '/go/OFFER', '/advertisers/ADVERTISER/postback');
    const requests = fc
      .tuple(paths, headers)
      .map(([path, [name, prefix, text]]) => makeRequest(`GET ${fill(path)}`, [`${name}: ${prefix}${text}`]));
    await neverFails(requests);
  });

  it('in a body never give a 5xx', async () => {
    const types = fc.constantFrom(
      'application/json',
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data',
    );
    const encodings = fc.constantFrom('identity', 'gzip', 'deflate', 'br', 'none');
    const field = fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue(), long);
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .record({
          conversion_id: field,
          status: fc.oneof(fc.constant('approved'), field),
          reason: field,
          extra: fc.jsonValue(),
        })
        .map((given) => Buffer.from(JSON.stringify(given))),
    );
    const requests = fc
      .tuple(types, fc.oneof(fc.constant('identity'), encodings), bodies)
      .map(([type, encoding, body]) => {
        const headers = [`Content-Type: ${type}`, `Content-Encoding: ${encoding}`];
        return makeRequest(`POST ${fill('/advertisers/ADVERTISER/postback?token=TOKEN')}`, headers, body);
      });
    await neverFails(requests);
  });

  it('in a click are stored with the partner who was called', async () => {
    const before = await countTouches();
    let answered = 0;
    const property = fc.asyncProperty(value, async (refId) => {
      const status = await sendRaw(port, makeRequest(`GET /otherpartner/?ref_id=${refId}`, []));
      if (status === 200) answered++;
    });
    await fc.assert(property, { numRuns: RUNS });
    assert.ok(answered > 0);
    assert.deepEqual(await countTouches(), { ...before, otherpartner: answered });
  });

  async function countTouches(): Promise<Record<string, number>> {
    const rows = await network
      .db('lead_events')
      .where({ type: 'touch' })
      .groupBy('partner_id')
      .select<{ partner_id: string; touches: number }[]>('partner_id', network.db.raw('count(*) as touches'));
    return Object.fromEntries(rows.map(({ partner_id, touches }) => [partner_id, touches]));
  }

  function fill(target: string): string {
    return target
      .replace('OFFER', network.offerId)
      .replace('ADVERTISER', network.advertiserId)
      .replace('TOKEN', network.advertiserToken);
  }
});
