import type { RootHookObject } from 'mocha';
import { stopTestServers } from './servers.ts';

export const mochaHooks: RootHookObject = {
  async afterAll() {
    await stopTestServers();
  },
};
