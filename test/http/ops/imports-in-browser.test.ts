import assert from 'node:assert/strict';
import { createImportStage, type ImportStage } from '../../activities/import-stage.ts';
import { openBrowser, serveApp, type TestBrowser, type TestPage } from '../../support/browser.ts';
import { ADMIN_KEY } from '../build-ops-app.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

describe('the imports of the ops console in a browser', function () {
  // On a busy machine a click may come before the page listens: no person is that quick.
  this.retries(1);
  this.timeout(120_000);
  let stage: ImportStage;
  let site: OpsConsole;
  let served: Awaited<ReturnType<typeof serveApp>>;
  let browser: TestBrowser;
  let page: TestPage;

  before(async () => {
    stage = await createImportStage();
    site = buildOpsConsole(stage.network);
    served = await serveApp(site.app);
    browser = await openBrowser(served.url);
  });
  after(async () => {
    await browser.close();
    await served.close();
    await stage.close();
  });
  afterEach(async () => {
    assert.deepEqual(site.logged, []);
    await page.context().close();
  });

  async function signIn(key = ADMIN_KEY): Promise<void> {
    page = await browser.open();
    await page.goto('/ops');
    await page.getByLabel('Admin key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(/\/ops$/);
  }

  async function send(file: string): Promise<string> {
    await page.goto('/ops/imports/new');
    await page.getByLabel('Advertiser', { exact: true }).selectOption(stage.network.advertiserId);
    await page
      .getByLabel('File', { exact: true })
      .setInputFiles({ name: 'january.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
    await page.getByRole('button', { name: 'Send the file' }).click();
    return file;
  }

  it('try a file with three bad rows, show what is wrong with them, and book the others', async () => {
    const { conversionId } = await stage.network.aLead('ann');
    await signIn();
    await send(
      `conversion_id,status,reason\n${conversionId},approved,paid\nnobody,approved,<b>x</b>\n${conversionId},sold,\n${conversionId}\n`,
    );
    await page.waitForURL(/\/ops\/imports\/[a-z0-9]+$/);
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await page.getByText('It goes on when you close this page.').waitFor();
    await stage.batch(id);
    await page.getByText('1 of 4 rows will be booked, and their partners get postbacks. 3 are refused').waitFor();
    const table = page.getByRole('region', { name: 'Refused rows' });
    await table.getByText('Conversion "nobody" is not known').waitFor();
    await table.getByText('nobody, approved, <b>x</b>').waitFor();
    await table.getByText('Status "sold" is not known').waitFor();
    assert.equal(await stage.statusOf(conversionId), null);
    await page.getByRole('button', { name: 'Book these rows' }).click();
    await page.getByRole('heading', { name: 'Import of january.csv' }).waitFor();
    await stage.batch(id);
    await page.getByText('4 of 4 rows', { exact: true }).waitFor();
    await page.locator('.state', { hasText: 'done' }).first().waitFor();
    assert.equal(await stage.statusOf(conversionId), 'approved');
    const change = await stage.db('audit_log').where({ subject_id: id }).orderBy('audit_id').select('actor', 'action');
    assert.deepEqual(change, [
      { actor: 'root', action: 'upload' },
      { actor: 'root', action: 'apply' },
    ]);
    await page.goto('/ops/imports');
    await page.getByRole('link', { name: 'january.csv' }).waitFor();
  });

  it('say beside the form what is wrong with a file, and keep what was typed', async () => {
    await signIn();
    await send('Click ID,status\nx,approved\n');
    await page.getByRole('alert').getByText('No column holds the conversion_id').waitFor();
    assert.equal(await page.getByLabel('Advertiser', { exact: true }).inputValue(), stage.network.advertiserId);
    await page.getByLabel('Column of the conversion').fill('Click ID');
    await page
      .getByLabel('File', { exact: true })
      .setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('Click ID,status\nx,approved\n') });
    await page.getByRole('button', { name: 'Send the file' }).click();
    await page.waitForURL(/\/ops\/imports\/[a-z0-9]+$/);
  });

  it('take no file from whoever may only look, nor without the token of the form', async () => {
    const reader = await site.signedInAs('read');
    const { text } = await reader.get('/ops/imports');
    assert.ok(!text.includes('Import a file'));
    assert.equal((await reader.get('/ops/imports/new')).status, 403);
    const sendWithoutToken = `(() => { const form = new FormData(); form.append('advertiser_id', 'x');
      form.append('file', new Blob(['conversion_id,status\\nx,approved\\n']), 'x.csv');
      return fetch('/ops/imports', { method: 'POST', body: form }).then((answer) => answer.status); })()`;
    await signIn(await site.makeKey('read'));
    assert.equal(await page.evaluate<number>(sendWithoutToken), 403);
    await page.context().close();
    await signIn();
    assert.equal(await page.evaluate<number>(sendWithoutToken), 403);
  });
});
