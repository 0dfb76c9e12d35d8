import assert from 'node:assert/strict';
import { createImportStage, type ImportStage } from '../../activities/import-stage.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';
import type { ConsoleVisitor } from '../browser-without-scripts.ts';

const FILE = 'conversion_id,status\nnobody,approved\n';

describe('the form that sends a file of statuses to /ops/imports', () => {
  let stage: ImportStage;
  let site: OpsConsole;
  let files = 0;

  before(async () => {
    stage = await createImportStage();
    site = buildOpsConsole(stage.network);
  });
  after(() => stage.close());
  afterEach(() => assert.deepEqual(site.logged, []));

  /** Each of its own, so that none is known already. */
  const aFile = () => `conversion_id,status\nnobody-${++files},approved\n`;
  const fields = (more: Record<string, string> = {}) => ({ advertiser_id: stage.network.advertiserId, ...more });
  const kept = async () => (await stage.db('imports').select('import_id')).length;

  async function open(browser: ConsoleVisitor): Promise<ConsoleVisitor> {
    await browser.get('/ops/imports/new');
    return browser;
  }

  /** @returns the answer; nothing of the file may be left */
  async function isRefused(
    browser: ConsoleVisitor,
    given: { fields?: Record<string, string>; headers?: Record<string, string> },
    status: number,
  ): Promise<string> {
    const before = await kept();
    const form = { fields: fields(given.fields), file: aFile() };
    const answer = await browser.postFile('/ops/imports', form, given.headers);
    assert.equal(answer.status, status);
    assert.equal(await kept(), before, 'nothing of the file is kept');
    return answer.text;
  }

  it('is taken from who may operate, with the token of the form', async () => {
    const browser = await open(await site.signedInAs('operate'));
    const answer = await browser.postFile('/ops/imports', { fields: fields(), file: aFile() });
    assert.equal(answer.status, 303);
    assert.match(answer.headers['location'] ?? '', /^\/ops\/imports\/[a-z0-9]+$/);
  });

  it('leads to a dry run, which offers to book what it found, and nothing where it found nothing', async () => {
    const { conversionId } = await stage.network.aLead('ann');
    const browser = await open(await site.signedInAs('operate'));
    const pageAfterTrying = async (file: string) => {
      const { headers } = await browser.postFile('/ops/imports', { fields: fields(), file });
      const path = headers['location'] ?? '';
      await stage.batch(path.split('/').at(-1) ?? '');
      return (await browser.get(path)).text;
    };
    const some = await pageAfterTrying(`conversion_id,status\n${conversionId},approved\nnobody,approved\n`);
    assert.match(some, /1 of 2 rows will be booked/);
    assert.ok(some.includes('Book these rows') && some.includes('Send a mended file'));
    const none = await pageAfterTrying(aFile());
    assert.match(none, /There is nothing to book: no row of it would be recorded/);
    assert.ok(!none.includes('Book these rows') && none.includes('Send a mended file'));
  });

  it('is refused without the token of the form, with a wrong one, and with that of another session', async () => {
    const browser = await open(await site.signedInAs('operate'));
    const other = await open(await site.signedInAs('operate'));
    const { text } = await other.get('/ops/imports/new');
    const [, otherToken = ''] = /name="csrf" value="([^"]+)"/.exec(text) ?? [];
    assert.notEqual(otherToken, '');
    for (const csrf of ['', 'wrong', otherToken]) {
      assert.match(await isRefused(browser, { fields: { csrf } }, 403), /Nothing was kept/);
    }
  });

  it('is refused to who may only look, although the token is right', async () => {
    const browser = await site.signedInAs('read');
    await browser.get('/ops');
    assert.match(await isRefused(browser, {}, 403), /needs the role operate/);
  });

  it('is not taken from who is signed out, or never was signed in', async () => {
    const browser = await open(await site.signedInAs('operate'));
    await browser.post('/ops/logout');
    for (const stranger of [browser, site.visitor()]) {
      assert.match(await isRefused(stranger, {}, 303), /\/ops\/login/, 'it is led to the sign-in');
    }
  });

  it('is refused from pages of other origins and under names that are not ours', async () => {
    const browser = await open(await site.signedInAs('admin'));
    const headers: Record<string, string>[] = [
      { origin: 'http://localhost:8080', host: 'localhost:3001' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const each of headers) await isRefused(browser, { headers: each }, 403);
    await isRefused(browser, { headers: { host: 'rebound.example' } }, 421);
  });

  it('leads to the import that is there when the same file is sent again, or to another when that is asked for', async () => {
    const browser = await open(await site.signedInAs('operate'));
    const send = async (again: string) =>
      (await browser.postFile('/ops/imports', { fields: fields({ again, dry_run: 'false' }), file: FILE })).headers[
        'location'
      ] ?? '';
    const first = await send('false');
    const second = await send('false');
    assert.equal(second, `${first}?sent_before=true`);
    assert.match((await browser.get(second)).text, /This file was sent before/);
    assert.doesNotMatch((await browser.get(first)).text, /This file was sent before/);
    await browser.get('/ops/imports/new');
    assert.notEqual(await send('true'), first);
  });

  it('says beside the advertiser that there is none of this id', async () => {
    const browser = await open(await site.signedInAs('operate'));
    assert.match(
      await isRefused(browser, { fields: { advertiser_id: 'nobody' } }, 422),
      /There is no advertiser nobody/,
    );
  });
});
