import { Runtime } from '@temporalio/worker';
import type { Context, RootHookObject } from 'mocha';
import './temporal/quiet-sdk.ts';
import { stopTestServers } from './servers.ts';

export const mochaHooks: RootHookObject = {
  async afterAll(this: Context) {
    // On a machine that is busy with other work, servers that have run for minutes take their time to end.
    this.timeout(180_000);
    await stopTestServers();
    // A run without any worker would not end: the SDK's native part lives until the last worker has gone.
    await Runtime.instance().shutdown();
  },
};
