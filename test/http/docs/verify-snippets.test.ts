import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { Postback, PostbackSettings } from '../../../src/domain/postbacks/postback-settings.ts';
import { verifySnippets } from '../../../src/http/docs/guide/verify-snippets.ts';
import { signingSection } from '../../../src/http/docs/guide/signing.ts';
import { newSigningSecret } from '../../../src/new-ids.ts';
import { createAddressRules } from '../../../src/outbound/address-rules.ts';
import { createGuardedClient } from '../../../src/outbound/guarded-client.ts';
import { buildSignedRequest } from '../../../src/outbound/sign-request.ts';
import { startHttpServer, type LocalServer } from '../../support/local-server.ts';
import { settingsFor } from '../../support/postback-settings.ts';

type Received = { method: string; url: string; headers: Record<string, string>; body: string };

const run = promisify(execFile);

// How each language is started, what calls its functions, and where it comes from when it is missing.
const LANGUAGES = {
  node: {
    command: process.execPath,
    file: 'verify.mjs',
    main: `import { isSignedGet, isSignedPost } from './verify.mjs';
for (const { method, url, headers, body } of JSON.parse(process.argv[2])) {
  console.log(method === 'GET' ? isSignedGet(url) : isSignedPost(headers, body));
}`,
    mainFile: 'main.mjs',
    install: 'Node runs this test',
  },
  python: {
    command: 'python3',
    file: 'verify.py',
    main: `import json, sys
from verify import is_signed_get, is_signed_post
for call in json.loads(sys.argv[1]):
    signed = is_signed_get(call["url"]) if call["method"] == "GET" else is_signed_post(call["headers"], call["body"].encode())
    print(str(signed).lower())`,
    mainFile: 'main.py',
    install: 'install Python 3: apt-get install python3, or brew install python',
  },
  php: {
    command: 'php',
    file: 'verify.php',
    main: `<?php
require __DIR__ . '/verify.php';
foreach (json_decode($argv[1], true) as $call) {
    $signed = $call['method'] === 'GET' ? is_signed_get($call['url']) : is_signed_post($call['headers'], $call['body']);
    echo $signed ? 'true' : 'false', PHP_EOL;
}`,
    mainFile: 'main.php',
    install: 'install PHP: apt-get install php-cli, or brew install php',
  },
};

const postback: Postback = {
  status: 'approved',
  refId: 'click ü&1',
  conversionId: 'conversion1',
  postbackId: 'postback12345678',
  payoutMinor: 1250,
  currency: 'USD',
  offerId: 'offer1',
  partnerId: 'abcdefghigk',
  eventTime: '2026-01-02T03:04:05.678Z',
  reason: 'größer',
};

describe('the snippets that verify a signature', function () {
  this.timeout(120_000);
  const [mine, old, foreign] = [newSigningSecret(), newSigningSecret(), newSigningSecret()];
  const client = createGuardedClient({
    addressRules: createAddressRules({ allowCidrs: ['127.0.0.0/8'] }),
    timeoutMs: 5000,
  });
  let server: LocalServer;
  let received: Received[];
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cashcat-verify-'));
    server = await startHttpServer((request, response) => {
      void text(request).then((body) => {
        const { method = '', url = '', headers } = request;
        received.push({ method, url: server.origin + url, headers: headers as Record<string, string>, body });
        response.end('OK');
      });
    });
  });

  beforeEach(() => {
    received = [];
  });

  after(async () => {
    await client.close();
    await server.close();
    await rm(folder, { recursive: true });
  });

  /** What a receiver gets over the wire when a postback is signed with these secrets. */
  async function receive(changes: Partial<PostbackSettings>, secrets: string[], at = new Date()): Promise<Received> {
    const url = `${server.origin}/in?cid={ref_id}&at={event_unix}&sig={sig}&r={reason}`;
    await client.send(buildSignedRequest(settingsFor(url, changes), postback, { secrets, at }));
    const call = received.at(-1);
    assert.ok(call);
    return call;
  }

  for (const { language, code } of verifySnippets) {
    const { command, file, main, mainFile, install } = LANGUAGES[language];

    async function judge(calls: Received[], secrets: string[]): Promise<string[]> {
      const given = [join(folder, mainFile), JSON.stringify(calls)];
      const env = { ...process.env, CASHCAT_SECRETS: secrets.join(' ') };
      const { stdout } = await run(command, given, { env }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        throw new Error(`${command} is not installed: ${install}`, { cause: error });
      });
      return stdout.trim().split(/\s+/);
    }

    describe(`in ${language}`, () => {
      before(async () => {
        const shown =
          new RegExp(`<pre class="verify-${language}"><code>(.*?)</code></pre>`, 's').exec(page())?.[1] ?? '';
        assert.equal(unescapeHtml(shown), code);
        await writeFile(join(folder, file), unescapeHtml(shown));
        await writeFile(join(folder, mainFile), main);
      });

      it('knows a GET and a POST that we have signed', async () => {
        const calls = [
          await receive({}, [mine]),
          await receive({ method: 'POST', body: 'form' }, [mine]),
          await receive({ method: 'POST', body: 'json' }, [mine]),
        ];
        assert.deepEqual(await judge(calls, [mine]), ['true', 'true', 'true']);
      });

      it('refuses what somebody else has signed, or nobody', async () => {
        const post = { method: 'POST' as const };
        const calls = [
          ...[await receive({}, [foreign]), await receive(post, [foreign])],
          ...[await receive({}, []), await receive(post, [])],
        ];
        assert.deepEqual(await judge(calls, [mine]), ['false', 'false', 'false', 'false']);
      });

      it('refuses what was changed on its way', async () => {
        const get = await receive({}, [mine]);
        const post = await receive({ method: 'POST', body: 'form' }, [mine]);
        const calls = [
          { ...get, url: get.url.replace('cid=click', 'cid=clack') },
          { ...get, url: `${get.url}&more=1` },
          { ...post, body: post.body.replace('payout=12.50', 'payout=99.50') },
          { ...post, headers: { ...post.headers, 'webhook-id': 'another' } },
        ];
        assert.deepEqual(await judge(calls, [mine]), ['false', 'false', 'false', 'false']);
      });

      it('refuses a POST that was caught and sent again later', async () => {
        const sixMinutesAgo = new Date(Date.now() - 6 * 60_000);
        const call = await receive({ method: 'POST' }, [mine], sixMinutesAgo);
        assert.deepEqual(await judge([call], [mine]), ['false']);
      });

      it('goes on while a secret is changed', async () => {
        const secrets = [mine, old];
        const [get, post] = [await receive({}, secrets), await receive({ method: 'POST' }, secrets)];
        assert.deepEqual(await judge([get, post], [old, mine]), ['true', 'true']);
        assert.deepEqual(await judge([get, post], [old]), ['false', 'true']);
        assert.deepEqual(await judge([get, post], [mine]), ['true', 'true']);
      });
    });
  }
});

function page(): string {
  return signingSection.render({
    publicUrl: 'https://cashcat.example',
    window: '14 days',
    attempts: 3,
    interval: '5 minutes',
    timeout: '10 seconds',
    maxRows: '1,000,000',
    maxMegabytes: 250,
  });
}

function unescapeHtml(html: string): string {
  return html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
