// Part of `npm run build`: bundles the compiled workflows unless the bundle is newer than all of them.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtBundlePath, bundleWorkflows } from '../workflow-bundle.ts';

const sources = ['../../workflows', '../domain'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));
const changedAt = Math.max(
  ...sources.flatMap((folder) => readdirSync(folder).map((file) => statSync(join(folder, file)).mtimeMs)),
);
const isFresh = existsSync(builtBundlePath) && statSync(builtBundlePath).mtimeMs > changedAt;
if (!isFresh) {
  const { code } = await bundleWorkflows({ debug: () => undefined });
  writeFileSync(builtBundlePath, code);
}
