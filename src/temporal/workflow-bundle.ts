import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';
import type { Log } from '../log.ts';

/** Where `npm run build` puts the bundle; there is none when the sources are run as they are. */
export const builtBundlePath = fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url));

/** The workflow code as the worker loads it: built beforehand, or bundled now from the sources. */
export async function loadWorkflowBundle(log: Pick<Log, 'debug'>): Promise<WorkflowBundleOption> {
  return existsSync(builtBundlePath) ? { codePath: builtBundlePath } : await bundleWorkflows(log);
}

export async function bundleWorkflows(log: Pick<Log, 'debug'>): Promise<{ code: string }> {
  const isBuilt = import.meta.url.endsWith('.js');
  const note = (message: string) => log.debug(message);
  return await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(`../../workflows/index.${isBuilt ? 'js' : 'ts'}`, import.meta.url)),
    logger: { log: (_, message) => note(message), trace: note, debug: note, info: note, warn: note, error: note },
  });
}
