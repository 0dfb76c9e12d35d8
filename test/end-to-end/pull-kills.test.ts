import assert from 'node:assert/strict';
import { listImports } from '../../src/db/imports/imports.ts';
import { listPulls } from '../../src/db/pulls/pull-reports.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { startExportServer, type ExportServer } from '../support/export-server.ts';
import { assertFields } from '../support/fields.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';
import { ADMIN_API_KEY, startProcess } from '../support/program.ts';
import { startPrivateTemporal } from '../support/servers.ts';

// A worker that is gone is missed after a while.
const FOUND_WITHIN_MS = 120_000;
const HEADER = 'conversion_id,status\n';
// Rows are stored by the thousand.
const ROWS = 3000;
// So that no pull begins by itself at a full hour.
const A_WEEK = 7 * 24 * 60;

describe('a pull whose worker is killed while the file comes', function () {
  this.timeout(240_000);
  let network: Network;
  let server: ExportServer;
  let databaseUrl: string;
  let temporalAddress: string;

  before(async () => {
    const [database, temporal] = await Promise.all([createTestDatabase(), startPrivateTemporal()]);
    [databaseUrl, temporalAddress] = [database.url, temporal.address];
    [network, server] = await Promise.all([createNetwork(database), startExportServer()]);
  });
  after(async () => {
    await server.close();
    await network.close();
  });

  it('is begun anew by another one, and each of its rows is booked once', async () => {
    const { db, advertiserId } = network;
    const start = (roles: ('api' | 'relay' | 'worker')[]) => startProcess({ roles, databaseUrl, temporalAddress });
    const { conversionId } = await network.aLead(await network.partner());
    const rows = `${conversionId},approved\n${'nobody,approved\n'.repeat(ROWS)}`;
    const [house, worker] = await Promise.all([start(['api', 'relay']), start(['worker'])]);
    const call = async (method: string, path: string, body?: object) => {
      const answered = await fetch(`${house.opsUrl}/v1/admin/advertisers/${advertiserId}/${path}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN_API_KEY}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      assert.ok(answered.ok, `${method} ${path}: ${await answered.clone().text()}`);
    };
    server.answer((response) => void response.write(HEADER + rows));
    await call('PUT', 'pull', { url: server.url, every_minutes: A_WEEK, headers: { authorization: 'Bearer its-key' } });
    await call('POST', 'pull/run');
    // Half of the file stands in Postgres.
    await eventually(async () => {
      const chunks = await db('import_chunks').select('chunk');
      assert.ok(chunks.length > 0, 'no rows have been stored');
    });
    assert.deepEqual((await listImports(db, { limit: 10 })).rows, [], 'nobody sees half a file');
    await worker.kill('SIGKILL');
    server.serve(HEADER + rows);
    const other = await start(['worker']);
    await eventually(async () => {
      const { rows: found } = await listImports(db, { limit: 10 });
      assert.equal(found.length, 1);
      assertFields(found[0], { source: 'pull', state: 'done', rows: ROWS + 1, recorded: 1, refused: ROWS });
    }, FOUND_WITHIN_MS);
    const { rows: pulls } = await listPulls(db, { advertiserId, limit: 10 });
    assert.equal(pulls.length, 1);
    assertFields(pulls[0] ?? {}, { result: 'imported', attempts: 2, http_status: 200 });
    assert.ok(server.asked.every((headers) => headers.authorization === 'Bearer its-key'));
    await Promise.all([other.kill('SIGKILL'), house.kill('SIGKILL')]);
  });
});
