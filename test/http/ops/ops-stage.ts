import assert from 'node:assert/strict';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

export type OpsStage = { network: Network; site: OpsConsole };

/** Gives a suite the ops console over a network in a database of its own; no test of it may leave an error in the log. */
export function useOpsConsole(): OpsStage {
  const stage = {} as OpsStage;
  before(async () => {
    stage.network = await createNetwork(await createTestDatabase());
    stage.site = buildOpsConsole(stage.network);
  });
  afterEach(() => assert.deepEqual(stage.site.logged, []));
  after(() => stage.network.close());
  return stage;
}
