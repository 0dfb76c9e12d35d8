import assert from 'node:assert/strict';
import type { BrowserContextOptions } from 'playwright-core';
import { openBrowser, serveApp, type TestBrowser, type TestPage } from '../../support/browser.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY } from '../build-ops-app.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

export type OpsBrowserStage = {
  network: Network;
  site: OpsConsole;
  /** A page of its own; what it complains of by the end of the test fails the test. */
  open(options?: BrowserContextOptions): Promise<TestPage>;
  /** The same, signed in with this key; as `root` when it is left out. */
  signIn(options?: BrowserContextOptions & { key?: string }): Promise<TestPage>;
};

const openNetworkOfItsOwn = async () => createNetwork(await createTestDatabase());

/** Gives a suite a real browser at the ops console. Neither page nor program may complain in any of its tests. */
export function useOpsBrowser(suite: Mocha.Suite, openNetwork: () => Promise<Network> = openNetworkOfItsOwn) {
  suite.timeout(120_000);
  let served: Awaited<ReturnType<typeof serveApp>>;
  let browser: TestBrowser;
  let pages: TestPage[] = [];
  const stage = { open, signIn } as OpsBrowserStage;

  before(async () => {
    stage.network = await openNetwork();
    stage.site = buildOpsConsole(stage.network);
    served = await serveApp(stage.site.app);
    browser = await openBrowser(served.url);
  });
  after(async () => {
    await browser.close();
    await served.close();
    await stage.network.close();
  });
  afterEach(async () => {
    const opened = pages;
    pages = [];
    for (const page of opened) await page.context().close();
    assert.deepEqual(
      opened.flatMap(({ complaints }) => complaints),
      [],
    );
    assert.deepEqual(stage.site.logged, []);
  });
  return stage;

  async function open(options?: BrowserContextOptions): Promise<TestPage> {
    const page = await browser.open(options);
    pages.push(page);
    return page;
  }

  async function signIn({ key = ADMIN_KEY, ...options }: BrowserContextOptions & { key?: string } = {}) {
    const page = await open(options);
    await page.goto('/ops');
    await page.getByLabel('Admin key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(/\/ops$/);
    return page;
  }
}
