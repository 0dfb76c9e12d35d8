import { Runtime } from '@temporalio/worker';
import type { RootHookObject } from 'mocha';
import './temporal/quiet-sdk.ts';
import { stopTestServers } from './servers.ts';

export const mochaHooks: RootHookObject = {
  async afterAll() {
    await stopTestServers();
    // A run without any worker would not end: the SDK's native part lives until the last worker has gone.
    await Runtime.instance().shutdown();
  },
};
