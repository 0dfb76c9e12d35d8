import { access, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, installWithGo, keepInCache } from '../../src/dev/embedded/temporal-binary.ts';

const VERSION = '1.32.0';
const MODULE = 'go.temporal.io/server/cmd';
// As Temporal's own builds: without what one cloud's storage client would bring along.
const FLAGS = ['-tags', 'disable_grpc_modules'];

export type ClusterBinaries = { server: string; sqlTool: string; version: string };

/**
 * Temporal's own server and the tool that makes its tables, built with Go once and kept for every checkout.
 * @throws Error with what Go said
 */
export async function findClusterBinaries(): Promise<ClusterBinaries> {
  const folder = cacheFolder(process.env, `temporal-server-${VERSION}`);
  const binaries = { server: join(folder, 'server'), sqlTool: join(folder, 'sql'), version: VERSION };
  if ((await isThere(binaries.server)) && (await isThere(binaries.sqlTool))) return binaries;
  console.log(`Building the Temporal server ${VERSION} and its SQL tool once with Go, three minutes and more`);
  await keepInCache(folder, (draft) => build(folder, draft), 'server');
  return binaries;
}

async function build(folder: string, draft: string): Promise<void> {
  const packages = ['server', 'tools/sql'].map((name) => `${MODULE}/${name}@v${VERSION}`);
  await installWithGo(draft, [...FLAGS, ...packages], { env: process.env, onProgress: console.log });
  await rename(join(draft, 'sql'), join(folder, 'sql'));
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
