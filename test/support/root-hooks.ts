import { Runtime } from '@temporalio/worker';
import './temporal/quiet-sdk.ts';
import { dropDatabasesOfFile, runFolder, stopTestServers } from './servers.ts';

// Once in a run. When test files run side by side, mocha's processes for them are children of the one that runs these,
// and end their own servers as they exit.

export function mochaGlobalSetup(): void {
  runFolder();
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stopTestServers();
  // A run without any worker would not end: the SDK's native part lives until the last worker has gone.
  await Runtime.instance().shutdown();
}

/** Once for each test file when they run side by side, else once for all. */
export const mochaHooks = { afterAll: dropDatabasesOfFile };
