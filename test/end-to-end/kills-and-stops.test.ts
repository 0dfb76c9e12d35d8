import assert from 'node:assert/strict';
import { connectDb } from '../../src/db/connect.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { createHttpNetwork, type HttpNetwork } from '../support/network-over-http.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivatePostgres, startPrivateTemporal, testPostgres } from '../support/servers.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { startClickLoad, type ClickLoad } from './click-load.ts';
import { startProxy, type Proxy } from './proxy.ts';

// Long enough to kill a worker between two attempts, also on a busy machine.
const INTERVAL_MS = 7000;
// Temporal would miss an attempt that was under way in the killed worker only when its time of 15 s is over. One that
// comes before, where there was a worker, cannot have waited for that.
const MISSED_AFTER_MS = INTERVAL_MS + 15_000;
const LEASE_SECONDS = 6;
const CLICKS_BEFORE_THE_END = 1500;

describe('processes that are killed or stopped', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let temporalAddress: string;
  let proxy: Proxy;
  let network: HttpNetwork;
  let api: RunningProgram;
  let relay: RunningProgram;
  let worker: RunningProgram;
  let refusing: PartnerServer;
  let silentAtFirst: PartnerServer;
  let tracker: PartnerServer;
  let refusedConversion: string;
  let silencedConversion: string;
  /** How long there was no worker, in milliseconds. */
  let awayMs: number;

  // The slowest consequence, an attempt that is found interrupted by its time-out of 15 s, comes while the other tests run.
  before(async () => {
    [database, { address: temporalAddress }] = await Promise.all([createTestDatabase(), startPrivateTemporal()]);
    proxy = await startProxy(temporalAddress);
    [api, relay, worker] = await Promise.all([
      start('api'),
      start('relay', { temporalAddress: proxy.address }),
      start('worker'),
    ]);
    network = await createHttpNetwork(api);
    [refusing, silentAtFirst, tracker] = await Promise.all([
      startPartnerServer(),
      startPartnerServer(),
      startPartnerServer(),
    ]);
    refusing.answer(500);
    silentAtFirst.answer('nothing', 200);
    [refusedConversion, silencedConversion] = await Promise.all([
      approvedConversion(refusing.url),
      approvedConversion(silentAtFirst.url),
    ]);
    await eventually(() => assert.equal(silentAtFirst.received.length, 1));
    await assertPostback(refusedConversion, 'retrying', ['refused']);
    const killedAt = performance.now();
    await worker.kill('SIGKILL');
    worker = await start('worker');
    awayMs = performance.now() - killedAt;
  });

  after(async () => {
    await Promise.all([api, relay, worker].map((program) => program.stop()));
    await Promise.all([refusing, silentAtFirst, tracker, proxy].map((server) => server.stop()));
    await database.db.destroy();
  });

  it('what a killed relay had claimed, delivered or not, is delivered by the next one and counts once', async () => {
    const partnerId = await network.partner({ url: tracker.url });
    const delivered = await network.click(partnerId, 'delivered');
    await eventually(async () => assert.equal(await owed(delivered), undefined));
    proxy.swallowAnswers();
    await network.report(delivered, 'approved');
    await assertPostback(delivered, 'delivered', ['delivered']);

    proxy.blockEverything();
    const stuck = await network.click(partnerId, 'stuck');
    await network.report(stuck, 'approved');
    const leases = await eventually(async () => {
      const rows = await Promise.all([delivered, stuck].map(owed));
      assert.ok(
        rows.every((row) => row?.lease_id),
        'not yet',
      );
      return rows.map((row) => row?.lease_id);
    });
    await relay.kill('SIGKILL');
    assert.equal(new Set(leases).size, 1);

    relay = await start('relay');
    await assertPostback(stuck, 'delivered', ['delivered']);
    await eventually(async () => assert.deepEqual(await database.db('outbox').select(), []));
    assert.deepEqual(tracker.received.map(({ query }) => query['ref']).sort(), ['delivered', 'stuck']);
    for (const conversion_id of [delivered, stuck]) {
      assert.equal((await database.db('reward_entries').where({ conversion_id })).length, 1);
      assert.equal((await database.db('settlements').where({ conversion_id })).length, 1);
    }
  });

  it('after the worker was killed between two attempts, the next worker makes the others on time', async () => {
    await assertPostback(refusedConversion, 'failed', ['refused', 'refused', 'refused']);
    const [first = 0, second = 0, third = 0, ...more] = refusing.received.map(({ at }) => at);
    assert.deepEqual(more, []);
    for (const gap of [second - first, third - second]) {
      assert.ok(gap >= INTERVAL_MS && gap < MISSED_AFTER_MS + awayMs, `${gap} ms, of which ${awayMs} without a worker`);
    }
  });

  it('every click that was answered outlives the kill of the api and of Postgres', async () => {
    const postgres = await startPrivatePostgres();
    const { program, load } = await startLoadedApi(postgres.url);
    await eventually(() => assert.ok(load.answered.length > CLICKS_BEFORE_THE_END, 'not yet'));
    await Promise.all([postgres.kill('SIGKILL'), program.kill('SIGKILL')]);
    await load.ended;
    const restarted = await startPrivatePostgres({ dir: postgres.dir, port: postgres.port });
    assert.deepEqual(await findLost(postgres.url, load.answered), []);
    await restarted.stop();
  });

  it('an api that is asked to stop answers and stores every request it has taken', async () => {
    const { createDatabase } = await testPostgres();
    const url = await createDatabase();
    const { program, load } = await startLoadedApi(url);
    await eventually(() => assert.ok(load.answered.length > CLICKS_BEFORE_THE_END, 'not yet'));
    const exit = await program.stop();
    assert.deepEqual(await load.ended, []);
    assert.deepEqual(exit, { code: 0, signal: null });
    assert.deepEqual(await findLost(url, load.answered), []);
  });

  it('an attempt that the worker was killed in is shown as interrupted, and the next one is made', async () => {
    await assertPostback(silencedConversion, 'delivered', ['interrupted', 'delivered']);
    assert.equal(silentAtFirst.received.length, 2);
  });

  it('a worker that is asked to stop finishes the attempt under way and records it', async () => {
    let answer: (status: number) => void = () => undefined;
    const slow = await startPartnerServer();
    slow.answer(() => new Promise((resolve) => (answer = resolve)));
    const conversionId = await approvedConversion(slow.url);
    await eventually(() => assert.equal(slow.received.length, 1));
    const stopped = worker.stop();
    await eventually(() =>
      assert.ok(
        worker.logs().some((line) => line.includes('"msg":"stopping"')),
        'not yet',
      ),
    );
    answer(200);
    assert.deepEqual(await stopped, { code: 0, signal: null });
    await assertPostback(conversionId, 'delivered', ['delivered']);
    await slow.stop();
  });

  it('a process that is asked to stop as soon as it is ready ends well', async () => {
    const exits = await Promise.all((['relay', 'worker'] as const).map(async (role) => (await start(role)).stop()));
    assert.deepEqual(exits, Array(2).fill({ code: 0, signal: null }));
  });

  function start(role: 'api' | 'relay' | 'worker', given: { temporalAddress?: string } = {}): Promise<RunningProgram> {
    return startProcess({
      roles: [role],
      databaseUrl: database.url,
      temporalAddress,
      env: { POSTBACK_INTERVAL_SECONDS: String(INTERVAL_MS / 1000), RELAY_LEASE_SECONDS: String(LEASE_SECONDS) },
      ...given,
    });
  }

  async function approvedConversion(postbackUrl: string): Promise<string> {
    const conversionId = await network.click(await network.partner({ url: postbackUrl }), 'r1');
    assert.equal((await network.report(conversionId, 'approved')).status, 200);
    return conversionId;
  }

  async function assertPostback(conversionId: string, state: string, outcomes: string[]) {
    await eventually(async () => {
      const { postbacks } = await network.story(conversionId);
      assert.deepEqual(
        postbacks.map((postback) => ({
          state: postback.state,
          outcomes: postback.attempts.map(({ outcome }) => outcome),
        })),
        [{ state, outcomes }],
      );
    });
  }

  async function owed(conversionId: string): Promise<{ lease_id: string | null } | undefined> {
    return await database
      .db('outbox')
      .join('conversions', 'conversions.lead_id', 'outbox.lead_id')
      .where({ conversion_id: conversionId })
      .first<{ lease_id: string | null } | undefined>('lease_id');
  }
});

/** An api without a relay, so that all it has stored stays owed; and visitors. */
async function startLoadedApi(databaseUrl: string): Promise<{ program: RunningProgram; load: ClickLoad }> {
  const program = await startProcess({ roles: ['migrate', 'api'], databaseUrl });
  const network = await createHttpNetwork(program);
  const partnerId = await network.partner(null);
  return { program, load: startClickLoad(program.publicUrl, network.clickPath(partnerId, 'r1')) };
}

/** The answered clicks that are not there, or are there and would never be relayed. */
async function findLost(url: string, answered: string[]): Promise<string[]> {
  const db = connectDb({ url, poolSize: 1, statementTimeoutMs: 60_000 });
  try {
    const { rows } = await db.raw<{ rows: { conversion_id: string }[] }>(
      `select answered.conversion_id
       from unnest(:answered::text[]) as answered (conversion_id)
       left join conversions c using (conversion_id)
       left join lead_events e on e.lead_id = c.lead_id and e.seq = c.seq and e.conversion_id = c.conversion_id
       left join lead_events t on t.lead_id = c.lead_id and t.seq = c.seq - 1 and t.type = 'touch'
       left join outbox o on o.lead_id = c.lead_id and c.seq between o.from_seq and o.upto_seq
       where e.seq is null or t.seq is null or o.lead_id is null`,
      { answered },
    );
    return rows.map((row) => row.conversion_id);
  } finally {
    await db.destroy();
  }
}
