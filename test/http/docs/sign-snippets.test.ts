import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { updateAdvertiser } from '../../../src/db/advertisers.ts';
import { rotateAdvertiserSecret } from '../../../src/db/keys/advertiser-secrets.ts';
import { signSnippets } from '../../../src/http/docs/guide/sign-snippets.ts';
import { newSigningSecret } from '../../../src/new-ids.ts';
import { createTestDatabase } from '../../support/database.ts';
import { freshCatalogue } from '../../support/fresh-catalogue.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { buildPublicApp } from '../build-public-app.ts';

type Said = {
  headers: Record<string, string>;
  answer: { code: number; body: Record<string, unknown> };
  cancelled: { code: number; body: string };
};

const run = promisify(execFile);

// Each signs a query, reports a status, cancels an import, and says all of it in one line of JSON.
const LANGUAGES = {
  node: {
    command: process.execPath,
    file: 'sign.mjs',
    mainFile: 'main.mjs',
    main: `import { askAboutImport, report, signedHeaders } from './sign.mjs';
const [url, conversionId, status, query, cancelUrl] = process.argv.slice(2);
const answer = await report(url, conversionId, status);
const cancelled = await askAboutImport('POST', cancelUrl);
console.log(JSON.stringify({ headers: signedHeaders(query), answer, cancelled }));`,
    install: 'Node runs this test',
  },
  python: {
    command: 'python3',
    file: 'sign.py',
    mainFile: 'main.py',
    main: `import json, sys
from sign import ask_about_import, report, signed_headers
url, conversion_id, status, query, cancel_url = sys.argv[1:]
answer, cancelled = report(url, conversion_id, status), ask_about_import("POST", cancel_url)
print(json.dumps({"headers": signed_headers(query.encode()), "answer": answer, "cancelled": cancelled}))`,
    install: 'install Python 3: apt-get install python3, or brew install python',
  },
  php: {
    command: 'php',
    file: 'sign.php',
    mainFile: 'main.php',
    main: `<?php
require __DIR__ . '/sign.php';
[, $url, $conversion_id, $status, $query, $cancel_url] = $argv;
$answer = report($url, $conversion_id, $status);
$cancelled = ask_about_import('POST', $cancel_url);
echo json_encode(['headers' => signed_headers($query), 'answer' => $answer, 'cancelled' => $cancelled]);`,
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
    secret = (await rotateAdvertiserSecret(db, advertiserId, { keepOldForSeconds: 0 })) ?? '';
    await updateAdvertiser(db, advertiserId, { proofs: { token: false, signature: true, addresses: null } });
    const catalogue = await freshCatalogue(db);
    const { app } = await buildPublicApp({ catalogue, statuses: network.statuses, db });
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

  /** @returns the address of its import */
  async function sendFile(): Promise<string> {
    const file = 'conversion_id,status\nnobody,approved\n';
    const at = new Date();
    const headers = {
      'content-type': 'text/csv',
      'webhook-id': 'a-file',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('a-file', at, file),
    };
    const imports = url.replace(/postback$/, 'imports');
    const taken = await fetch(imports, { method: 'POST', headers, body: file });
    const { import_id: id } = (await taken.json()) as { import_id: string };
    return `${imports}/${id}`;
  }

  for (const { language, code } of signSnippets) {
    const { command, file, main, mainFile, install } = LANGUAGES[language];

    async function say(given: { conversionId: string; status: string; query: string; by: string }): Promise<Said> {
      const cancelUrl = `${await sendFile()}/cancel`;
      const words = [join(folder, mainFile), url, given.conversionId, given.status, given.query, cancelUrl];
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

      it('report a status by POST, sign the query of a GET, and cancel an import', async () => {
        const { conversionId } = await network.aLead(null);
        const query = `conversion_id=${conversionId}&status=rejected&reason=gr%C3%B6%C3%9Fer`;
        const { answer, headers, cancelled } = await say({ conversionId, status: 'approved', query, by: secret });
        assert.equal(cancelled.code, 200, cancelled.body);
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
        const by = newSigningSecret();
        const { answer, cancelled } = await say({ conversionId, status: 'approved', query: '', by });
        assert.deepEqual([answer.code, answer.body.kind, cancelled.code], [401, 'unauthorized', 401]);
      });
    });
  }
});

function unescapeHtml(html: string): string {
  return html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
