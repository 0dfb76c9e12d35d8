import assert from 'node:assert/strict';
import { connectDb } from '../../src/db/connect.ts';
import { createLog } from '../../src/log.ts';
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
});
