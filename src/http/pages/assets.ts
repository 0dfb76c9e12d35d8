import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { Router, type Response } from 'express';
import { CAT_ICON } from './cat-icon.ts';
import { DOCS_STYLESHEET } from './docs-stylesheet.ts';
import { CONSOLE_STYLESHEET } from './console/stylesheet.ts';
import { STYLESHEET } from './stylesheet.ts';

type Asset = { path: string; type: string; plain: Buffer; gzipped: Buffer };

const SCRIPT = 'text/javascript; charset=utf-8';

const pico = readPackage('@picocss/pico/css/pico.classless.min.css');
const stylesheet = makeAsset('cashcat', 'css', 'text/css; charset=utf-8', pico + STYLESHEET + DOCS_STYLESHEET);
const consoleStylesheet = makeAsset('console', 'css', 'text/css; charset=utf-8', CONSOLE_STYLESHEET);
const htmx = makeAsset('htmx', 'js', SCRIPT, readPackage('htmx.org/dist/htmx.min.js'));
const consoleScript = makeAsset('console', 'js', SCRIPT, readConsoleScript());
const icon = makeAsset('cat', 'svg', 'image/svg+xml', CAT_ICON);

/** Each path names its content, so a browser may keep it for ever. */
export const assetPaths = {
  stylesheet: stylesheet.path,
  icon: icon.path,
  consoleStylesheet: consoleStylesheet.path,
  consoleScript: consoleScript.path,
  htmx: htmx.path,
};

export function createAssetRoutes(): Router {
  const routes = Router();
  for (const asset of [stylesheet, icon, consoleStylesheet, consoleScript, htmx]) {
    routes.get(asset.path, (req, res) => {
      send(res, asset, req.acceptsEncodings('gzip') === 'gzip', 'public, max-age=31536000, immutable');
    });
  }
  routes.get('/favicon.ico', (_req, res) => send(res, icon, false, 'public, max-age=86400'));
  return routes;
}

function send(res: Response, asset: Asset, isGzipped: boolean, cacheControl: string): void {
  res.set({ 'content-type': asset.type, 'cache-control': cacheControl, vary: 'Accept-Encoding' });
  if (isGzipped) res.set('content-encoding', 'gzip');
  res.send(isGzipped ? asset.gzipped : asset.plain);
}

function makeAsset(name: string, extension: string, type: string, content: string): Asset {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const plain = Buffer.from(content);
  return { path: `/assets/${name}-${hash}.${extension}`, type, plain, gzipped: gzipSync(plain) };
}

function readPackage(path: string): string {
  return readFileSync(createRequire(import.meta.url).resolve(path), 'utf8');
}

/** Without the name of its source map, which is not served. */
function readConsoleScript(): string {
  const script = readFileSync(new URL('./console/console-script.js', import.meta.url), 'utf8');
  return script.replace(/^\/\/# sourceMappingURL=.*$/m, '');
}
