import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { openBrowser, serveApp, type TestBrowser, type TestPage } from '../../../support/browser.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { buildConsole, type Console } from '../../build-console.ts';

describe('the console in a browser', () => {
  let db: Knex;
  let site: Console;
  let browser: TestBrowser;
  let server: { url: string; close(): Promise<void> };

  before(async () => {
    ({ db } = await createTestDatabase());
    site = await buildConsole(db);
    server = await serveApp(site.app);
    browser = await openBrowser(server.url);
  });
  after(async () => {
    await browser.close();
    await server.close();
    await db.destroy();
  });

  async function signIn(page: TestPage): Promise<void> {
    await page.goto('/console/login');
    await page.getByLabel('API key').fill(site.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  }

  it('signs in after a wrong key, and out again', async () => {
    const page = await browser.open();
    await page.goto('/console');
    await page.getByLabel('API key').fill('ck_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This is not a key of ours').waitFor();
    assert.equal(await page.evaluate('document.activeElement.name'), 'api_key');
    await signIn(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.deepEqual(page.complaints, []);
  });

  it('goes by keyboard alone from the login to the overview and on', async () => {
    const page = await browser.open();
    await page.goto('/console/login');
    await tabTo(page, 'API key');
    await page.keyboard.type(site.key);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await tabTo(page, 'Key and sign-in');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Key and sign-in', level: 1 }).waitFor();
  });

  it('has nothing serious for axe on any page, in both themes, and breaks no rule of its own', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.open({ colorScheme });
      await page.goto('/console/login');
      await page.checkAccessible();
      await signIn(page);
      for (const path of ['/console', '/console/key']) {
        await page.goto(path);
        await page.checkAccessible();
      }
      await page.goto('/console/nowhere');
      await page.checkAccessible();
      assert.deepEqual(page.complaints, []);
    }
  });

  it('fits on a phone', async () => {
    const page = await browser.open({ viewport: { width: 360, height: 740 } });
    await signIn(page);
    for (const path of ['/console', '/console/key']) {
      await page.goto(path);
      assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 360, path);
    }
  });

  it('works without scripts', async () => {
    const page = await browser.open({ javaScriptEnabled: false });
    await signIn(page);
    await page.getByRole('link', { name: 'Key and sign-in' }).click();
    await page.getByLabel('How long shall the old key go on?').selectOption('One day');
    await page.getByRole('button', { name: 'Replace the key' }).click();
    assert.match((await page.locator('#new-key').textContent()) ?? '', /^ck_\w{32}$/);
    assert.ok(await page.getByRole('button', { name: /^Copy/ }).isHidden());
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });
});

/** Presses Tab until what is named has the focus. */
async function tabTo(page: TestPage, name: string): Promise<void> {
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate<string>(
      'document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent',
    );
    if (focused.trim() === name) return;
  }
  assert.fail(`Tab does not reach ${name}`);
}
