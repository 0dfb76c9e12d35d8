import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Knex } from 'knex';
import { createImporting } from '../../../activities/import/import-activities.ts';
import { createCatalogue } from '../../../src/catalogue/catalogue.ts';
import { updateAdvertiser } from '../../../src/db/advertisers.ts';
import { loadCatalogue, readCatalogueVersion } from '../../../src/db/catalogue.ts';
import { updatePartner } from '../../../src/db/partners.ts';
import { createReplay } from '../../../src/db/replays/replays.ts';
import { checkPostbackUrl } from '../../../src/domain/postbacks/postback-url.ts';
import { createLog } from '../../../src/log.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { aPostback } from '../../support/ended-postbacks.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { startPartnerServer, type PartnerServer } from '../../support/partner-server.ts';
import { policy } from '../../support/policy.ts';
import { settingsFor } from '../../support/postback-settings.ts';
import { reservePort } from '../../support/servers.ts';
import type { Vocabulary } from '../../../src/domain/vocabulary.ts';
import { buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';
import { partnerDeps } from '../partner-deps.ts';

const run = promisify(execFile);
// Says the status of each answer in a line of its own.
const SAY_STATUS = `curl() { command curl -w '\\nstatus %{http_code}\\n' "$@"; }`;

// What the guide says of an advertiser's words and names, for example.
const OWN_WORDS: Vocabulary = {
  words: { lead: 'pending', sale: 'approved', trash: 'rejected', test: 'ignore' },
  default_status: null,
  parameters: { conversion_id: 'click_id', status: 'state' },
};

describe('the examples of the documentation', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let network: Network;
  let tracker: PartnerServer;
  let api: PartnerApi;
  let server: Server;
  let page: string;
  let folder: string;
  let bringImport: (importId: string) => Promise<unknown>;
  let publicUrl: string;

  before(async () => {
    database = await createTestDatabase();
    network = await createNetwork(database);
    folder = await mkdtemp(join(tmpdir(), 'cashcat-docs-'));
    tracker = await startPartnerServer();
    const { db } = database;
    await updateAdvertiser(db, network.advertiserId, { vocabulary: OWN_WORDS });
    bringImport = createImportRunner(db, network.advertiserId);
    const catalogue = createCatalogue({
      load: () => loadCatalogue(db),
      readVersion: () => readCatalogueVersion(db),
      pollIntervalMs: 60_000,
    });
    const port = await reservePort();
    publicUrl = `http://127.0.0.1:${port}`;
    const { clicks, statuses } = network;
    const partner = partnerDeps(db, { allowCidrs: ['127.0.0.0/8'] });
    api = await buildPartnerApi(db, { publicUrl, catalogue, clicks, statuses, partner, db });
    await catalogue.start();
    catalogue.stop();
    server = createServer(api.app);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    page = await (await fetch(`${publicUrl}/docs`)).text();
  });

  after(async () => {
    server.closeAllConnections();
    server.close();
    await tracker.stop();
    await rm(folder, { recursive: true });
    await network.close();
  });

  it('are lines that a shell can run as they stand, and each does what it says', async () => {
    const { partnerId } = api;
    const { db } = database;
    const { conversionId } = await network.aLead(partnerId);
    const { postbackId } = await aPostback(db, { partnerId, attempts: [500, 500, 500] });
    const saveSettings = () => updatePartner(db, partnerId, { postback: settingsFor(tracker.url) });
    await saveSettings();
    const range = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date().toISOString() };
    const replay = await createReplay(db, { partnerId, ...range });
    const variables = {
      PRESET_ID: 'keitaro',
      POSTBACK_ID: postbackId,
      REPLAY_ID: replay.replay_id,
      KEY: api.key,
      ADVERTISER_ID: network.advertiserId,
      TOKEN: network.advertiserToken,
      CONVERSION_ID: conversionId,
      IMPORT_ID: '',
    };
    const blocks = examplesIn(page, 'shell');
    assert.ok(blocks.length > 5);
    for (const block of blocks) {
      // One of the lines removes them.
      await saveSettings();
      const script = block.replaceAll('https://tracker.example', tracker.origin);
      const env = { ...process.env, ...variables };
      const { stdout } = await run('sh', ['-c', `${SAY_STATUS}\n${script}`], { env, cwd: folder });
      const statuses = [...stdout.matchAll(/^status (\d+)$/gm)].map(([, status = '']) => status);
      assert.ok(statuses.length > 0 && statuses.every((status) => status.startsWith('2')), `${block}\n${stdout}`);
      variables.KEY = /"api_key":"([^"]+)"/.exec(stdout)?.[1] ?? variables.KEY;
      const importId = /"import_id":"([^"]+)"/.exec(stdout)?.[1];
      // Once it is taken, a worker goes on with it.
      if (importId) await bringImport(importId);
      variables.IMPORT_ID = importId ?? variables.IMPORT_ID;
    }
    const calls = await db('status_calls')
      .whereIn('conversion_id', [conversionId, 'no-such-id'])
      .orderBy('call_id')
      .select<{ result: string }[]>('result');
    assert.deepEqual(
      calls.map(({ result }) => result),
      // By URL, by form, as JSON, by its own words; the first file's two rows; the second file's row.
      ['recorded', 'duplicate', 'duplicate', 'duplicate', 'duplicate', 'unknown_conversion', 'recorded'],
    );
  });

  it('are links and postback URLs that work', async () => {
    const urls = examplesIn(page, 'url');
    assert.ok(urls.length >= 3);
    for (const url of urls) {
      if (!url.startsWith(publicUrl)) assert.deepEqual(checkPostbackUrl(url), [], url);
      else assert.equal(await visit(url), url.includes('OFFER_ID') ? 302 : 200, url);
    }
  });

  async function visit(url: string): Promise<number> {
    const own = url.replace('PARTNER_ID', api.partnerId).replace('OFFER_ID', network.offerId);
    return (await fetch(own, { redirect: 'manual' })).status;
  }
});

function examplesIn(page: string, kind: 'shell' | 'url'): string[] {
  const blocks = page.matchAll(new RegExp(`<pre class="${kind}[^"]*"><code>(.*?)</code></pre>`, 'gs'));
  return [...blocks].map(([, code = '']) => unescapeHtml(code));
}

function unescapeHtml(html: string): string {
  return html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

/** Does what a worker does with an import, to its end. */
function createImportRunner(db: Knex, advertiserId: string): (importId: string) => Promise<unknown> {
  const { windowMs } = policy;
  const deps = {
    ...{ db, windowMs, concurrency: 1, unknownRowsKept: 1000 },
    metrics: createMetrics(),
    log: createLog('silent'),
  };
  const { importBatch } = createImporting(deps).activities;
  return (importId) => new MockActivityEnvironment().run(importBatch, { importId, advertiserId, dryRun: false });
}
