import assert from 'node:assert/strict';
import net from 'node:net';
import { createAddressRules } from '../../src/outbound/address-rules.ts';
import { createGuardedClient, type GuardedClient, type SendOutcome } from '../../src/outbound/guarded-client.ts';
import type { DialTarget } from '../../src/outbound/guarded-connect.ts';
import { startHttpServer } from '../support/local-server.ts';

const PUBLIC = '93.184.216.34';
const PUBLIC_6 = '2606:2800:220:1::1';

/** What the name server of `name` answers, one entry per question; the last is repeated. */
const names: Record<string, string[][]> = {
  'partner.example': [[PUBLIC]],
  localhost: [['127.0.0.1', '::1']],
  'v4-loopback.example': [['127.0.0.1']],
  'v6-loopback.example': [['::1']],
  'mapped-loopback.example': [['::ffff:127.0.0.1']],
  'compatible-loopback.example': [['::127.0.0.1']],
  'metadata.example': [['169.254.169.254']],
  'azure-platform.example': [['168.63.129.16']],
  'nat64.example': [['64:ff9b::a9fe:a9fe']],
  '6to4.example': [['2002:7f00:1::']],
  'private.example': [['10.0.0.7']],
  'unique-local.example': [['fd00::7']],
  'link-local.example': [['fe80::1%eth0']],
  'mixed.example': [[PUBLIC, '10.0.0.7']],
  'mixed-families.example': [[PUBLIC, '::1']],
  'nonsense.example': [['not an address']],
  'rebinding.example': [[PUBLIC], ['127.0.0.1']],
  'unknown.example': [[]],
};

const addressNotAllowed = [
  ...['http://127.0.0.1/', 'http://127.1/', 'http://2130706433/', 'http://0x7f.1/', 'http://0177.0.0.1/', 'http://0/'],
  ...[
    'http://127.0.0.1./',
    'http://127.0.0.1:8080/',
    'http://%31%32%37.0.0.1/',
    'http://0.0.0.0/',
    'http://①②⑦.⓪.⓪.①/',
  ],
  ...[
    'http://１２７．０．０．１/',
    'http://[::]/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::127.0.0.1]/',
  ],
  ...['http://[0:0:0:0:0:ffff:7f00:1]/', 'http://[64:ff9b::7f00:1]/', 'http://[2002:7f00:1::]/', 'http://[fe80::1]/'],
  ...['http://10.0.0.1/', 'http://172.16.0.1/', 'http://192.168.0.1/', 'http://100.64.0.1/', 'http://169.254.169.254/'],
  ...['http://168.63.129.16/', 'http://255.255.255.255/', 'http://224.0.0.1/', 'https://127.0.0.1/', 'https://[::1]/'],
  ...['http://localhost/', 'http://LOCALHOST/', 'http://localhost./', 'http://v4-loopback.example/'],
  ...['http://v4-loopback.example./', 'https://v4-loopback.example/', 'http://v6-loopback.example/'],
  ...['http://mapped-loopback.example/', 'http://compatible-loopback.example/', 'http://metadata.example/'],
  ...['http://azure-platform.example/', 'http://nat64.example/', 'http://6to4.example/', 'http://private.example/'],
  ...['http://unique-local.example/', 'http://link-local.example/', 'http://mixed.example/'],
  ...['http://mixed-families.example/', 'http://nonsense.example/'],
];

const invalidUrl = [
  ...[
    '',
    'partner.example',
    '//partner.example/',
    'ftp://partner.example/',
    'file:///etc/passwd',
    'javascript:alert(1)',
  ],
  ...['gopher://partner.example/', 'data:,x', 'http://', 'http:///partner.example/', 'http:/partner.example/'],
  ...['https://p.example@169.254.169.254/', 'http://user:secret@partner.example/', 'http://@partner.example/'],
  ...['http://partner.example:0/', 'http://partner.example:65536/', 'http://partner.example:22/'],
  ...[
    'http://partner.example:25/',
    'http://partner.example:1023/',
    'http:\\\\partner.example\\',
    'http://partner.example\\@x/',
  ],
  ...[
    'http://partner.example/ /',
    'http://partner.example/\r\nHost: x',
    'http://part\tner.example/',
    ' http://partner.example/',
  ],
  ...['http://[fe80::1%25eth0]/', 'http://[::1/', 'http://partner.example/\ud800'],
  `http://partner.example/${'a'.repeat(2048)}`,
];

describe('a hostile destination', () => {
  let client: GuardedClient;
  let asked: string[];
  let dialled: DialTarget[];

  beforeEach(() => {
    asked = [];
    dialled = [];
    client = createGuardedClient({
      addressRules: createAddressRules({ allowCidrs: [] }),
      timeoutMs: 2000,
      resolveName: async (name) => {
        const answers = names[name.toLowerCase().replace(/\.$/, '')] ?? [[]];
        const earlier = asked.filter((other) => other === name).length;
        asked.push(name);
        return answers[Math.min(earlier, answers.length - 1)] ?? [];
      },
      dial: async (target) => {
        dialled.push(target);
        throw Object.assign(new Error(`connect ECONNREFUSED ${target.address}`), {
          code: 'ECONNREFUSED',
          syscall: 'connect',
        });
      },
    });
  });

  afterEach(() => client.close());

  function send(url: string): Promise<SendOutcome> {
    return client.send({ method: 'GET', url, headers: {}, body: null });
  }

  for (const url of addressNotAllowed) {
    it(`is not dialled: ${url}`, async () => {
      const outcome = await send(url);
      assert.equal(outcome.error, 'address_not_allowed');
      assert.equal(outcome.delivered, false);
      assert.deepEqual(dialled, []);
    });
  }

  for (const url of invalidUrl) {
    it(`is not even looked up: ${JSON.stringify(url.slice(0, 60))}`, async () => {
      const outcome = await send(url);
      assert.equal(outcome.error, 'invalid_url');
      assert.deepEqual({ asked, dialled }, { asked: [], dialled: [] });
    });
  }

  it('is told apart from a good one, which is dialled by its vetted address', async () => {
    assert.equal((await send('http://partner.example./')).error, 'connection_refused');
    assert.equal((await send(`http://[${PUBLIC_6}]:8443/`)).error, 'connection_refused');
    const plain = { address: PUBLIC, port: '', protocol: 'http:', servername: 'partner.example' };
    assert.deepEqual(dialled, [plain, { address: PUBLIC_6, port: '8443', protocol: 'http:', servername: null }]);
    assert.deepEqual(asked, ['partner.example.']);
  });

  it('cannot rebind: each connection is judged by the answer it dials', async () => {
    assert.equal((await send('http://rebinding.example/')).error, 'connection_refused');
    assert.equal((await send('http://rebinding.example/')).error, 'address_not_allowed');
    assert.deepEqual(
      dialled.map(({ address }) => address),
      [PUBLIC],
    );
    assert.equal(asked.length, 2);
  });

  it('cannot rebind after a connection that worked', async () => {
    const server = await startHttpServer((_request, response) =>
      response.setHeader('connection', 'close').end('hello'),
    );
    const answers = [[PUBLIC], ['127.0.0.1']];
    const addresses: string[] = [];
    const rebound = createGuardedClient({
      addressRules: createAddressRules({ allowCidrs: [] }),
      timeoutMs: 2000,
      resolveName: async () => answers.shift() ?? [],
      dial: async ({ address }) => {
        addresses.push(address);
        return net.connect(server.port, '127.0.0.1');
      },
    });
    const call = { method: 'GET', url: 'http://rebinding.example/', headers: {}, body: null } as const;
    assert.equal((await rebound.send(call)).responseBody, 'hello');
    assert.equal((await rebound.send(call)).error, 'address_not_allowed');
    assert.deepEqual(addresses, [PUBLIC]);
    await rebound.close();
    await server.close();
  });

  it('without any address is a DNS error', async () => {
    assert.equal((await send('http://unknown.example/')).error, 'dns_error');
  });

  it('tells nothing about our side of the network', async () => {
    for (const url of ['http://private.example/', 'http://partner.example/', 'http://unknown.example/']) {
      const told = JSON.stringify(await send(url));
      assert.doesNotMatch(told, /10\.0\.0\.7|93\.184|ECONN|ENOT/);
    }
  });
});
