import assert from 'node:assert/strict';
import { openBrowser, serveApp, type TestBrowser } from '../../support/browser.ts';
import { buildPublicApp } from '../build-public-app.ts';

describe('the documentation in a browser', () => {
  let browser: TestBrowser;
  let server: { url: string; close(): Promise<void> };

  before(async () => {
    server = await serveApp((await buildPublicApp()).app);
    browser = await openBrowser(server.url);
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  for (const [colorScheme, width] of [
    ['light', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const) {
    it(`has nothing serious for axe, and fits its width: ${colorScheme}, ${width} px`, async () => {
      const page = await browser.open({ colorScheme, viewport: { width, height: 800 } });
      await page.goto('/docs');
      await page.checkAccessible();
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
      assert.deepEqual(page.complaints, []);
    });
  }
});
