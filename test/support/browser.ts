import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import chromium from '@sparticuz/chromium';
import type { Express } from 'express';
import {
  chromium as playwright,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';

/** A page of a real browser, with what must not happen in it. */
export type TestPage = Page & {
  /** What the browser complained of: errors of scripts, refused loads, violations of the page's policy. */
  complaints: string[];
  /**
   * @param rules tags of axe, or single rules of it
   * @throws AssertionError naming what is not accessible, of serious and critical findings
   */
  checkAccessible(rules?: readonly string[]): Promise<void>;
};

export type TestBrowser = {
  /** A page with cookies of its own. */
  open(options?: BrowserContextOptions): Promise<TestPage>;
  close(): Promise<void>;
};

// For what takes no second on a machine that has nothing else to do.
const PATIENCE_MS = 90_000;
const EVERY_RULE = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Chromium as it comes with npm. @param baseUrl what the addresses of pages are relative to */
export async function openBrowser(baseUrl: string): Promise<TestBrowser> {
  const browser: Browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    // The package's own arguments hold --single-process, with which the browser ends with its first page.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    headless: true,
    timeout: PATIENCE_MS,
  });
  return {
    async open(options = {}) {
      const context = await browser.newContext({ baseURL: baseUrl, reducedMotion: 'reduce', ...options });
      context.setDefaultTimeout(PATIENCE_MS);
      return await openPage(context, options.javaScriptEnabled ?? true);
    },
    close: () => browser.close(),
  };
}

async function openPage(context: BrowserContext, hasScripts: boolean): Promise<TestPage> {
  const page = await context.newPage();
  if (hasScripts) await actOnlyWhenListening(page);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // A refusal that the test asked for is no complaint of the page.
    const isAnswer = message.text().startsWith('Failed to load resource') && message.location().url === page.url();
    if (['error', 'warning'].includes(message.type()) && !isAnswer) complaints.push(message.text());
  });
  return Object.assign(page, {
    complaints,
    async checkAccessible(rules: readonly string[] = EVERY_RULE) {
      assert.ok(hasScripts, 'axe is a script');
      const found = await page.evaluate<
        Finding[]
      >(`${axe}; axe.run({ resultTypes: ['violations'], preload: false, runOnly: ${JSON.stringify(rules)} }).then(({ violations }) => violations.flatMap(
        ({ id, impact, nodes }) => nodes.map(({ html, failureSummary }) => ({ id, impact, html, why: failureSummary })),
      ))`);
      const grave = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      assert.deepEqual(grave, []);
    },
  });
}

/**
 * A page can be seen before its scripts listen: a click at that moment would be lost. So no click, nor anything typed,
 * comes before the document of a console says that it listens.
 */
async function actOnlyWhenListening(page: Page): Promise<void> {
  // Playwright looks for this before it acts, and goes on only when it is gone.
  const isDeaf = page.locator('html:not([data-listening]) > body.console');
  await page.addLocatorHandler(isDeaf, () => Promise.resolve());
}

type Finding = { id: string; impact: string; html: string; why: string };

/** Serves an app on a port of its own. @returns its address and how to end it */
export async function serveApp(app: Express): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
