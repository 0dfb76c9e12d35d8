import assert from 'node:assert/strict';
import { connectDb } from '../../src/db/connect.ts';
import { createLog } from '../../src/log.ts';
import { importFiles } from '../../src/db/migrations/036-import-files.ts';
import { prepareSchema } from '../../src/roles/schema.ts';
import { createTestDatabase, startOutage } from '../support/database.ts';
import { testPostgres } from '../support/servers.ts';

describe('a process that starts', () => {
  it('waits for a database that goes away between its first answer and the look at its schema', async () => {
    const { db, url } = await createTestDatabase();
    const { adminUrl } = await testPostgres();
    const answering = connectDb({ url: adminUrl, poolSize: 1, statementTimeoutMs: 5000 });
    const outage = await startOutage(db);
    let warnings = 0;
    const log = Object.assign(createLog('silent'), {
      warn() {
        if (++warnings === 1) void outage.end();
      },
    });
    const database = { url, poolSize: 1, statementTimeoutMs: 5000 };
    await prepareSchema(answering, { database, roles: ['api'] }, { log, stopAsked: new AbortController().signal });
    assert.ok(warnings > 0);
    await Promise.all([db.destroy(), answering.destroy()]);
  });

  it('migrates as soon as nobody uses what a migration changes, and says that it waits for that', async () => {
    const { db, url } = await createTestDatabase();
    await importFiles.down(db);
    await db('knex_migrations').where({ name: '036-import-files' }).delete();
    const reading = await db.transaction();
    await reading.raw('lock table imports in access share mode');
    const warnings: string[] = [];
    const log = Object.assign(createLog('silent'), {
      warn(_: object, message: string) {
        if (warnings.push(message) === 1) void reading.rollback();
      },
    });
    const database = { url, poolSize: 1, statementTimeoutMs: 5000 };
    await prepareSchema(db, { database, roles: ['migrate'] }, { log, stopAsked: new AbortController().signal });
    assert.match(warnings[0] ?? '', /somebody else is using/);
    assert.equal((await db('knex_migrations').where({ name: '036-import-files' })).length, 1);
    await db.destroy();
  });
});
