// Part of `npm run build`: bundles the compiled workflows, unless the bundle is newer than all of them and was made
// with the SDK that is installed now.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtBundlePath, bundleWorkflows } from './workflow-bundle.ts';

const sources = ['../../workflows', '../domain'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));
const changedAt = Math.max(
  ...sources.flatMap((folder) => readdirSync(folder).map((file) => statSync(join(folder, file)).mtimeMs)),
);
const sdkPackage = createRequire(import.meta.url).resolve('@temporalio/workflow/package.json');
const { version } = JSON.parse(readFileSync(sdkPackage, 'utf8')) as { version: string };
// Times of installed packages tell nothing: some ways of installing keep those of the package's making.
const versionPath = `${builtBundlePath}.sdk-version`;

const isNewest = existsSync(builtBundlePath) && statSync(builtBundlePath).mtimeMs > changedAt;
const isOfThisSdk = existsSync(versionPath) && readFileSync(versionPath, 'utf8') === version;
if (!isNewest || !isOfThisSdk) {
  const { code } = await bundleWorkflows({ debug: () => undefined });
  writeFileSync(builtBundlePath, code);
  writeFileSync(versionPath, version);
}
