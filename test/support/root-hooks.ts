import type { RootHookObject } from 'mocha';
import './quiet-sdk.ts';
import { stopTestServers } from './servers.ts';

export const mochaHooks: RootHookObject = {
  async afterAll() {
    await stopTestServers();
  },
};
