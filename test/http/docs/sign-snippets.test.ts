import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { updateAdvertiser } from '../../../src/db/advertisers.ts';
import { rotateAdvertiserSecret } from '../../../src/db/keys/advertiser-secrets.ts';
import { signSnippets } from '../../../src/http/docs/guide/sign-snippets.ts';
import { newSigningSecret } from '../../../src/new-ids.ts';
import { createTestDatabase } from '../../support/database.ts';
import { freshCatalogue } from '../../support/fresh-catalogue.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { buildPublicApp } from '../build-public-app.ts';

type Said = { headers: Record<string, string>; answer: { code: number; body: Record<string, unknown> } };

const run = promisify(execFile);

// Each signs a query, reports a status, and says both in one line of JSON.
const LANGUAGES = {
  node: {
    command: process.execPath,
    file: 'sign.mjs',
    mainFile: 'main.mjs',
    main: `import { report, signedHeaders } from './sign.mjs';
const [url, conversionId, status, query] = process.argv.slice(2);
console.log(JSON.stringify({ headers: signedHeaders(query), answer: await report(url, conversionId, status) }));`,
    install: 'Node runs this test',
  },
  python: {
    command: 'python3',
    file: 'sign.py',
    mainFile: 'main.py',
    main: `import json, sys
from sign import report, signed_headers
url, conversion_id, status, query = sys.argv[1:]
print(json.dumps({"headers": signed_headers(query.encode()), "answer": report(url, conversion_id, status)}))`,
    install: 'install Python 3: apt-get install python3, or brew install python',
  },
  php: {
    command: 'php',
    file: 'sign.php',
    mainFile: 'main.php',
    main: `<?php
require __DIR__ . '/sign.php';
[, $url, $conversion_id, $status, $query] = $argv;
echo json_encode(['headers' => signed_headers($query), 'answer' => report($url, $conversion_id, $status)]);`,
    install: 'install PHP: apt-get install php-cli, or brew install php',
  },
};

describe("the snippets that sign an advertiser's calls", function () {
  this.timeout(120_000);
  let network: Network;
  let server: Server;
  let url: string;
  let secret: string;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cashcat-sign-'));
    network = await createNetwork(await createTestDatabase());
    const { db, advertiserId } = network;
    secret = (await rotateAdvertiserSecret(db, advertiserId, 0)) ?? '';
    await updateAdvertiser(db, advertiserId, { proofs: { token: false, signature: true, addresses: null } });
    const catalogue = await freshCatalogue(db);
    const { app } = await buildPublicApp({ catalogue, statuses: network.statuses });
    server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/advertisers/${advertiserId}/postback`;
  });

  after(async () => {
    server.closeAllConnections();
    server.close();
    await network.close();
    await rm(folder, { recursive: true });
  });

  for (const { language, code } of signSnippets) {
    const { command, file, main, mainFile, install } = LANGUAGES[language];

    async function say(given: { conversionId: string; status: string; query: string; by: string }): Promise<Said> {
      const words = [join(folder, mainFile), url, given.conversionId, given.status, given.query];
      const env = { ...process.env, CASHCAT_SECRET: given.by };
      const { stdout } = await run(command, words, { env }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        throw new Error(`${command} is not installed: ${install}`, { cause: error });
      });
      return JSON.parse(stdout) as Said;
    }

    describe(`in ${language}`, () => {
      before(async () => {
        const page = await (await fetch(new URL('/docs', url))).text();
        const shown = new RegExp(`<pre class="sign-${language}"><code>(.*?)</code></pre>`, 's').exec(page)?.[1] ?? '';
        assert.equal(unescapeHtml(shown), code);
        await writeFile(join(folder, file), unescapeHtml(shown));
        await writeFile(join(folder, mainFile), main);
      });

      it('report a status by POST, and sign the query of a GET', async () => {
        const { conversionId } = await network.aLead(null);
        const query = `conversion_id=${conversionId}&status=rejected&reason=gr%C3%B6%C3%9Fer`;
        const { answer, headers } = await say({ conversionId, status: 'approved', query, by: secret });
        assert.deepEqual(answer, {
          code: 200,
          body: { conversion_id: conversionId, status: 'approved', result: 'recorded' },
        });
        const byGet = await fetch(`${url}?${query}`, { headers });
        assert.deepEqual([byGet.status, ((await byGet.json()) as Said['answer']['body']).result], [200, 'recorded']);
        assert.equal((await fetch(`${url}?${query}&more=1`, { headers })).status, 401);
      });

      it('are refused by another secret than the agreed one, and can read why', async () => {
        const { conversionId } = await network.aLead(null);
        const { answer } = await say({ conversionId, status: 'approved', query: '', by: newSigningSecret() });
        assert.deepEqual([answer.code, answer.body.kind], [401, 'unauthorized']);
      });
    });
  }
});

function unescapeHtml(html: string): string {
  return html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
