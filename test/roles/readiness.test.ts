import assert from 'node:assert/strict';
import { completeConfig, readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { startRelayRole } from '../../src/roles/relay.ts';
import type { RoleDeps, RunningRole } from '../../src/roles/role.ts';
import { startWorkerRole } from '../../src/roles/worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { freeze } from '../support/freeze.ts';
import { startPrivateTemporal } from '../support/servers.ts';

// Longer than an answer is kept, and shorter than the minute after which a worker gives up by itself.
const GONE_TIMEOUT_MS = 40_000;

describe('a worker and a relay', function () {
  this.timeout(150_000);
  let database: TestDatabase;
  let temporal: Awaited<ReturnType<typeof startPrivateTemporal>>;
  let roles: RunningRole[];

  before(async () => {
    [database, temporal] = await Promise.all([createTestDatabase(), startPrivateTemporal()]);
    const deps = depsFor(temporal.address);
    roles = [await startWorkerRole(deps), startRelayRole(deps)];
    await areReady();
  });

  after(async () => {
    await Promise.all(roles.map((role) => role.stop()));
    await temporal.kill('SIGKILL');
    await database.db.destroy();
  });

  it('are not ready while Temporal is gone', async () => {
    await temporal.kill('SIGKILL');
    await areNotReady();
    temporal = await startPrivateTemporal({ dir: temporal.dir, port: temporal.port });
    await areReady();
  });

  it('are not ready while Temporal hangs', async () => {
    const thaw = freeze(temporal.pid);
    await areNotReady().finally(thaw);
    await areReady();
  });

  function depsFor(temporalAddress: string): RoleDeps {
    const given = readConfig({ ROLES: 'worker,relay' });
    const config = completeConfig(given, { databaseUrl: database.url, temporalAddress });
    return { config, db: database.db, metrics: createMetrics(), log: createLog('silent') };
  }

  async function areReady(): Promise<void> {
    await Promise.all(roles.map((role) => eventually(() => role.checkReady())));
  }

  async function areNotReady(): Promise<void> {
    await Promise.all(
      roles.map((role) => eventually(() => assert.rejects(role.checkReady(), /Temporal/), GONE_TIMEOUT_MS)),
    );
  }
});
