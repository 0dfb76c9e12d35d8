import assert from 'node:assert/strict';
import { createAddressRules } from '../../src/outbound/address-rules.ts';
import { createFileClient, FetchError, type FileClient } from '../../src/outbound/fetch-file.ts';
import {
  findClosedPort,
  startHttpServer,
  startHttpsServer,
  startTcpServer,
  type LocalServer,
} from '../support/local-server.ts';

const MAX_BYTES = 100_000;

type Options = Partial<Parameters<typeof createFileClient>[0]>;

describe('fetching a file from a URL that a stranger chose', () => {
  const open: (LocalServer | FileClient)[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });

  function createClient(options: Options = {}): FileClient {
    const client = createFileClient({
      addressRules: createAddressRules({ allowCidrs: ['127.0.0.0/8'] }),
      ...{ timeoutMs: 20_000, idleMs: 10_000, maxBytes: MAX_BYTES, ...options },
    });
    open.push(client);
    return client;
  }

  async function serve(starting: Promise<LocalServer>): Promise<string> {
    const server = await starting;
    open.push(server);
    return server.origin;
  }

  async function read(url: string, options: Options = {}): Promise<string> {
    const client = createClient(options);
    const file = await client.fetch({ url, headers: { 'x-key': 'secret' }, signal: new AbortController().signal });
    const pieces: Uint8Array[] = [];
    for await (const piece of file.bytes) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  }

  async function fails(problem: string, url: string, options: Options = {}): Promise<void> {
    await assert.rejects(read(url, options), (error: unknown) => {
      assert.ok(error instanceof FetchError, String(error));
      assert.equal(error.problem, problem);
      return true;
    });
  }

  it('gives it piece by piece, with what its server says of it', async () => {
    const origin = await serve(
      startHttpServer((request, response) => {
        response.writeHead(200, { etag: '"one"', 'content-type': 'text/csv', 'last-modified': 'Mon' });
        response.end(request.headers['x-key']);
      }),
    );
    assert.equal(await read(origin), 'secret');
    const file = await createClient().fetch({ url: origin, headers: {}, signal: new AbortController().signal });
    const { httpStatus, etag, lastModified, contentType, encoding, location } = file;
    assert.deepEqual([httpStatus, etag, lastModified, contentType], [200, '"one"', 'Mon', 'text/csv']);
    assert.deepEqual([encoding, location], [null, null]);
    file.leave();
  });

  it('keeps no ETag and no Last-Modified that could not be sent back', async () => {
    let odd = '';
    const origin = await serve(
      startHttpServer((_request, response) => response.writeHead(200, { etag: odd, 'last-modified': odd }).end()),
    );
    const client = createClient();
    for (odd of ['"caf\u00e9"', '"\u00c3\u00a9"', '"a\tb"', `"${'x'.repeat(1100)}"`]) {
      const file = await client.fetch({ url: origin, headers: {}, signal: new AbortController().signal });
      assert.deepEqual([file.etag, file.lastModified], [null, null], odd);
      file.leave();
    }
  });

  it('calls no address that is not allowed, be it behind a name', async () => {
    const addressRules = createAddressRules({ allowCidrs: [] });
    const dial = () => assert.fail('it was dialled');
    await fails('address_not_allowed', 'http://127.0.0.1:8080/', { addressRules, dial });
    for (const addresses of [['10.0.0.1'], ['93.184.216.34', '169.254.169.254'], ['::1']]) {
      const resolveName = () => Promise.resolve(addresses);
      await fails('address_not_allowed', 'https://bank.example/', { addressRules, dial, resolveName });
    }
  });

  it('ends one that is too large, in its body or its headers', async () => {
    const large = await serve(startHttpServer((_request, response) => response.end('x'.repeat(5 * MAX_BYTES))));
    await fails('response_too_large', large);
    const headers = await serve(
      startHttpServer((_request, response) => response.writeHead(200, { x: 'x'.repeat(60_000) }).end()),
    );
    await fails('response_too_large', headers);
  });

  it('ends what is not HTTP, has no valid certificate, or is not there', async () => {
    await fails('bad_response', await serve(startTcpServer((socket) => void socket.end('hello\r\n\r\n'))));
    await fails('tls_error', await serve(startHttpsServer((_request, response) => response.end())));
    await fails('connection_refused', `http://127.0.0.1:${await findClosedPort()}/`);
    await fails('invalid_url', 'http://127.0.0.1:22/');
  });

  it('is given up at once when it is asked to', async () => {
    const origin = await serve(startHttpServer((_request, response) => void response.write('a')));
    const stopping = new AbortController();
    const file = await createClient().fetch({ url: origin, headers: {}, signal: stopping.signal });
    await assert.rejects(async () => {
      for await (const piece of file.bytes) {
        assert.ok(piece.length > 0);
        stopping.abort();
      }
    }, FetchError);
  });
});
