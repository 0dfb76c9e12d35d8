import assert from 'node:assert/strict';
import { Client } from 'undici';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { call, createHttpNetwork } from '../support/network-over-http.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { startBalancer, type Balancer } from './balancer.ts';

// Enough for the requests that are to come within it, also on a busy machine.
const DRAIN_SECONDS = 3;
// Longer than the test may take.
const ENDLESS_SECONDS = 300;
const REQUESTS_BEFORE = 500;

describe('an api behind a balancer that is asked to stop', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let staying: RunningProgram;
  let leaving: RunningProgram;
  let balancer: Balancer | undefined;

  before(async () => {
    database = await createTestDatabase();
    [staying, leaving] = (await Promise.all([1, 2].map(() => start(DRAIN_SECONDS)))) as [
      RunningProgram,
      RunningProgram,
    ];
  });

  after(async () => {
    await balancer?.stop();
    await Promise.all([staying, leaving].map((program) => program.kill('SIGINT')));
    await database.db.destroy();
  });

  it('says so first and goes on serving, so that no request is lost', async () => {
    const network = await createHttpNetwork(staying);
    const path = network.clickPath(await network.partner(null), 'r1');
    balancer = startBalancer([staying.publicUrl, leaving.publicUrl], path);
    const kept = new Client(leaving.publicUrl);
    await kept.request({ path, method: 'GET' }).then(({ body }) => body.dump());
    await eventually(() => assert.ok(balancer && balancer.answered() > REQUESTS_BEFORE, 'not yet'));

    const exited = leaving.stop();
    for (const url of [leaving.publicUrl, leaving.opsUrl]) {
      await eventually(async () => assert.equal((await call(`${url}/readyz`)).status, 503));
    }
    const onKept = await kept.request({ path, method: 'GET' });
    await onKept.body.dump();
    const onNew = await call(leaving.publicUrl + path);
    for (const answer of [{ status: onKept.statusCode, headers: onKept.headers }, onNew]) {
      assert.equal(answer.status, 302);
      assert.equal(answer.headers['connection'], 'close');
    }
    assert.deepEqual(await exited, { code: 0, signal: null });
    await balancer.stop();
    await kept.close();
    assert.deepEqual(balancer.failures, []);
  });

  it('by Ctrl-C ends at once', async () => {
    const program = await start(ENDLESS_SECONDS);
    assert.deepEqual(await program.kill('SIGINT'), { code: 0, signal: null });
  });

  function start(drainSeconds: number): Promise<RunningProgram> {
    return startProcess({
      roles: ['api'],
      databaseUrl: database.url,
      env: { SHUTDOWN_DRAIN_SECONDS: String(drainSeconds) },
    });
  }
});
