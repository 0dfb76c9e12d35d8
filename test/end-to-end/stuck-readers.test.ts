import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { countLocked, createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { call, createHttpNetwork, readStory } from '../support/network-over-http.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';

// More than a process has connections of any kind.
const READERS = 40;

describe('an api whose readers are all stuck', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let api: RunningProgram;
  let blocker: Knex.Transaction | undefined;

  before(async () => {
    database = await createTestDatabase();
    api = await startProcess({ roles: ['api'], databaseUrl: database.url });
  });

  after(async () => {
    await blocker?.rollback();
    await api.stop();
    await database.db.destroy();
  });

  it('takes statuses and clicks as ever', async () => {
    const network = await createHttpNetwork(api);
    const partnerId = await network.partner(null);
    const conversionId = await network.click(partnerId, 'r1');
    assert.equal((await network.report(conversionId, 'pending')).status, 200);
    // What stories of conversions with a status read, and no status or click needs.
    blocker = await database.db.transaction();
    await blocker.raw('lock table postbacks in access exclusive mode');
    const readers = Array.from({ length: READERS }, () => readStory(api.opsUrl, conversionId).catch(() => undefined));
    await eventually(async () => {
      const waiting = await countLocked(database.db);
      assert.ok(waiting > 1, `${waiting} readers wait`);
    });
    for (const status of ['approved', 'rejected']) {
      assert.equal((await network.report(conversionId, status)).status, 200);
    }
    assert.equal((await network.visit(partnerId, 'r2')).status, 302);
    await eventually(async () => assert.equal((await call(`${api.publicUrl}/readyz`)).status, 200));
    await blocker.rollback();
    await Promise.all(readers);
  });
});
