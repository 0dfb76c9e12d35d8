import assert from 'node:assert/strict';
import { createReplay, readReplay } from '../../src/db/replays/replays.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';
import { startPartnerServer, type PartnerServer, type ReceivedPostback } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivateTemporal } from '../support/servers.ts';

const POSTBACKS = 1000;
// So that both kills come in the middle of it.
const PER_SECOND = 250;
const ANSWER_MS = 20;
const KILLS_AT = [200, 600];
const HOUR_MS = 60 * 60 * 1000;

describe('a replay whose worker is killed twice', function () {
  this.timeout(120_000);
  let network: Network;
  let tracker: PartnerServer;
  let temporalAddress: string;
  let databaseUrl: string;

  before(async () => {
    const [database, temporal] = await Promise.all([createTestDatabase(), startPrivateTemporal()]);
    [databaseUrl, temporalAddress] = [database.url, temporal.address];
    network = await createNetwork(database);
    tracker = await startPartnerServer();
    tracker.answer(() => new Promise((resolve) => setTimeout(() => resolve(200), ANSWER_MS)));
  });

  after(async () => {
    await network.close();
    await tracker.stop();
  });

  const start = (role: 'relay' | 'worker') => startProcess({ roles: [role], databaseUrl, temporalAddress });

  it('delivers each postback, in order per conversion, and repeats only what was in the air', async () => {
    const { db } = network;
    const partnerId = await network.partner(settingsFor(tracker.url));
    await insertFailed(partnerId);
    const relay = await start('relay');
    let worker = await start('worker');
    const [from, to] = [-HOUR_MS, HOUR_MS].map((ms) => new Date(Date.now() + ms).toISOString()) as [string, string];
    const { replay_id: replayId, total } = await createReplay(db, { partnerId, from, to, ratePerSecond: PER_SECOND });
    assert.equal(total, POSTBACKS);

    const inTheAir = new Set<string>();
    for (const delivered of KILLS_AT) {
      await eventually(async () => {
        const replay = await readReplay(db, { partnerId, replayId });
        assert.ok((replay?.delivered ?? 0) >= delivered, 'not yet');
      });
      worker = await killAndReplace(worker, inTheAir);
    }
    await eventually(async () => {
      const replay = await readReplay(db, { partnerId, replayId });
      assertFields(replay, { state: 'done', total: POSTBACKS, delivered: POSTBACKS, refused: 0, skipped: 0 });
    });
    await Promise.all([worker.stop(), relay.stop()]);

    const calls = callsBy('pid');
    assert.equal(calls.size, POSTBACKS);
    const repeated = [...calls].filter(([, times]) => times.length > 1).map(([postbackId]) => postbackId);
    assert.deepEqual(
      repeated.filter((postbackId) => !inTheAir.has(postbackId)),
      [],
    );
    assertInOrder();
    const { rows } = await db.raw<{ rows: { delivered: number }[] }>(
      `select count(*) as delivered from postbacks where partner_id = :partnerId and state = 'delivered'`,
      { partnerId },
    );
    assert.equal(rows[0]?.delivered, POSTBACKS);
  });

  /** All calls, in the order in which they came, by what their URLs say. */
  function callsBy(name: 'pid' | 'cid'): Map<string, ReceivedPostback[]> {
    const calls = new Map<string, ReceivedPostback[]>();
    for (const call of tracker.received) {
      const key = call.query[name] ?? '';
      calls.set(key, [...(calls.get(key) ?? []), call]);
    }
    return calls;
  }

  /** Every second conversion has a `pending` and, five postbacks later, its approval; all have failed. */
  async function insertFailed(partnerId: string): Promise<void> {
    await network.db.raw(
      `insert into postbacks (postback_id, conversion_id, seq, lead_id, partner_id, offer_id, ref_id, status, payout,
                              currency, event_at, state, ended_at, created_at)
       select 'postback' || n, 'conversion' || case when n % 10 >= 5 then n - 5 else n end, n, 'lead' || n, :partnerId::text,
         'card', 'click-' || n, case when n % 10 < 5 then 'pending' else 'approved' end, 1250, 'USD', now(), 'failed',
         now(), now() - interval '10 minutes' + n * interval '1 ms'
       from generate_series(0, :count::int - 1) n`,
      { partnerId, count: POSTBACKS },
    );
  }

  /** Notes whose attempts the worker left behind. */
  async function killAndReplace(worker: RunningProgram, inTheAir: Set<string>): Promise<RunningProgram> {
    await worker.kill('SIGKILL');
    // A statement may still be under way that it had sent.
    await eventually(async () => {
      const { rows } = await network.db.raw<{ rows: object[] }>(
        `select pid from pg_stat_activity
         where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid() and query like '%attempts%'`,
      );
      assert.deepEqual(rows, []);
    });
    const left = network.db('postback_attempts').where({ outcome: 'running' });
    const rows = await left.clone().select<{ postback_id: string }[]>('postback_id');
    for (const { postback_id: postbackId } of rows) inTheAir.add(postbackId);
    // It is dead, so that no newer status need wait the 16 s in which the call of a frozen one could be under way.
    await left.update({ started_at: network.db.raw(`started_at - interval '1 minute'`) });
    return await start('worker');
  }

  function assertInOrder(): void {
    const statuses = callsBy('cid');
    for (const [conversionId, calls] of statuses) {
      const told = calls.map(({ query }) => query.status);
      assert.deepEqual(told, told.toSorted().toReversed(), `${conversionId}: pending, then approved`);
    }
  }
});
