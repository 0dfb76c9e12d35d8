import assert from 'node:assert/strict';
import { createImportStage, type ImportStage } from '../../activities/import-stage.ts';
import type { TestPage } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { ADMIN_KEY } from '../build-ops-app.ts';
import { useOpsBrowser } from './browser-stage.ts';

describe('the imports of the ops console in a browser', function () {
  let stage: ImportStage;
  const ops = useOpsBrowser(this, async () => (stage = await createImportStage()).network);
  let page: TestPage;

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
    page = await ops.signIn();
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

  it('keep the focus and a press on a button while the page shows how far they are', async () => {
    const { conversionId } = await stage.network.aLead('ann');
    page = await ops.signIn();
    await send(`conversion_id,status\n${conversionId},approved\n`);
    await page.waitForURL(/\/ops\/imports\/[a-z0-9]+$/);
    const imports = stage.db('imports').where({ import_id: new URL(page.url()).pathname.split('/').at(-1) ?? '' });
    const pause = page.getByRole('button', { name: 'Pause' });
    await imports.clone().update({ state: 'running' });
    await pause.focus();
    await imports.clone().update({ rows: 7_001 });
    await page.getByText('0 of 7,001 rows').waitFor();
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Pause');
    await pause.hover();
    await page.mouse.down();
    await imports.clone().update({ rows: 7_002 });
    const isAnswer = (answer: { url(): string }) => answer.url() === page.url();
    await page.waitForResponse(isAnswer);
    await page.waitForResponse(isAnswer);
    await page.getByText('0 of 7,001 rows').waitFor();
    await page.mouse.up();
    await page.getByText('0 of 7,002 rows').waitFor();
    assert.equal((await imports.first<{ asked: string }>('asked')).asked, 'pause');
  });

  it('keep what the reader has selected, and go on when nothing is selected any more', async () => {
    const { conversionId } = await stage.network.aLead('ann');
    page = await ops.signIn();
    await send(`conversion_id,status\n${conversionId},rejected\n`);
    await page.waitForURL(/\/ops\/imports\/[a-z0-9]+$/);
    const imports = stage.db('imports').where({ import_id: new URL(page.url()).pathname.split('/').at(-1) ?? '' });
    await imports.clone().update({ state: 'running' });
    await page.getByRole('heading', { level: 1 }).selectText();
    const selected = () => page.evaluate<string>('String(getSelection())');
    const before = await selected();
    assert.match(before, /january\.csv/);
    await imports.clone().update({ rows: 7_003 });
    const isAnswer = (answer: { url(): string }) => answer.url() === page.url();
    await page.waitForResponse(isAnswer);
    await page.waitForResponse(isAnswer);
    assert.equal(await selected(), before);
    await page.evaluate('getSelection().removeAllRanges()');
    await page.getByText('0 of 7,003 rows').waitFor();
  });

  it('say beside the form what is wrong with a file, and keep what was typed', async () => {
    page = await ops.signIn();
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
    const reader = await ops.site.signedInAs('read');
    const { text } = await reader.get('/ops/imports');
    assert.ok(!text.includes('Import a file'));
    assert.equal((await reader.get('/ops/imports/new')).status, 403);
    const sendWithoutToken = `(() => { const form = new FormData(); form.append('advertiser_id', 'x');
      form.append('file', new Blob(['conversion_id,status\\nx,approved\\n']), 'x.csv');
      return fetch('/ops/imports', { method: 'POST', body: form }).then((answer) => answer.status); })()`;
    for (const key of [await ops.site.makeKey('read'), ADMIN_KEY]) {
      page = await ops.signIn({ key });
      assert.equal(await page.evaluate<number>(sendWithoutToken), 403);
      // The browser notes the refusal that was asked for.
      await eventually(() => assert.equal(page.complaints.splice(0).length, 1, 'it notes one refusal'));
    }
  });
});
