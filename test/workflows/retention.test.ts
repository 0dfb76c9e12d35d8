import assert from 'node:assert/strict';
import type { ScheduleHandle } from '@temporalio/client';
import { createRetention, type Retention, type RetentionDeps } from '../../activities/retention.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { jobWorker } from '../../src/temporal/job-worker.ts';
import { ensureSchedule } from '../../src/temporal/schedules.ts';
import { createWorkers, type Workers } from '../../src/temporal/workers.ts';
import { JOB_TASK_QUEUE, RETENTION_WORKFLOW } from '../../workflows/contract.ts';
import { createReplayStage } from '../activities/replay-stage.ts';
import { eventually } from '../support/eventually.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { DAY_MS } from '../support/policy.ts';
import { testTemporal } from '../support/servers.ts';
import { testBundle } from '../support/temporal/bundle.ts';
import { connectToTemporal } from '../support/temporal/connection.ts';

// It must not begin by itself at a full hour.
const YEAR_MS = 365 * DAY_MS;
const days = {
  botVisits: 90,
  statusCalls: 365,
  responseBodies: 365,
  importFiles: 90,
  visitorHashes: 14,
  touches: undefined,
};

type World = Awaited<ReturnType<typeof startWorld>>;

/** Workers of long jobs on the real Temporal server, each with a database that they share. */
async function startWorld() {
  const { address } = await testTemporal();
  const temporal = await connectToTemporal(address);
  const database = await createTestDatabase();
  const stage = await createReplayStage();
  const metrics = createMetrics();
  const running: { workers: Workers; retention: Retention; ended: Promise<void> }[] = [];

  async function work(changes: Partial<RetentionDeps> = {}): Promise<() => Promise<void>> {
    const deps = { db: database.db, days, windowMs: 14 * DAY_MS, metrics, log: createLog('silent') };
    const retention = createRetention({ ...deps, ...changes });
    const activities = { ...stage.createWorker({}).activities, ...retention.activities };
    const workflowBundle = await testBundle();
    const connection = temporal.nativeConnection;
    const workers = await createWorkers([jobWorker({ connection, activities, workflowBundle, concurrentJobs: 3 })]);
    const one = { workers, retention, ended: workers.run() };
    running.push(one);
    return async () => {
      running.splice(running.indexOf(one), 1);
      one.workers.shutdown();
      one.retention.halt();
      await one.ended;
    };
  }

  return {
    ...{ client: temporal.client, database, metrics, work },
    async stop() {
      for (const { workers, retention, ended } of running) {
        workers.shutdown();
        retention.halt();
        await ended;
      }
      await stage.close();
      await database.db.destroy();
      await temporal.close();
    },
  };
}

describe('the Schedule of retention', function () {
  this.timeout(120_000);
  let world: World;
  let db: TestDatabase['db'];
  let schedule: ScheduleHandle;

  before(async () => {
    world = await startWorld();
    ({ db } = world.database);
    schedule = world.client.schedule.getHandle(RETENTION_WORKFLOW);
    await ensure(YEAR_MS);
  });

  after(async () => {
    await schedule.delete();
    await world.stop();
  });

  async function ensure(everyMs: number): Promise<void> {
    const wanted = { scheduleId: RETENTION_WORKFLOW, workflowType: RETENTION_WORKFLOW, taskQueue: JOB_TASK_QUEUE };
    await ensureSchedule(world.client, { ...wanted, everyMs });
  }

  async function addBotVisits(count: number): Promise<void> {
    await db.raw(
      `insert into bot_visits (at, partner_id, bot)
       select now() - interval '91 days', 'ann', 'Googlebot' from generate_series(1, :count::int)`,
      { count },
    );
  }

  /** Has it run now. @returns the id of that run's workflow */
  async function trigger(): Promise<string> {
    // It skips what would overlap the run before, whose end it hears of a little later.
    await eventually(async () => assert.equal((await schedule.describe()).info.runningActions.length, 0));
    const known = new Set(
      (await schedule.describe()).info.recentActions.map(({ action }) => action.workflow.workflowId),
    );
    await schedule.trigger();
    let workflowId: string | undefined;
    await eventually(async () => {
      const { info } = await schedule.describe();
      workflowId = info.recentActions.map(({ action }) => action.workflow.workflowId).find((id) => !known.has(id));
      assert.ok(workflowId, 'not yet');
    });
    return workflowId ?? '';
  }

  it('is there once however often it is made, with the latest interval, and stays paused by hand', async () => {
    await schedule.pause('somebody looks into it');
    await ensure(2 * YEAR_MS);
    const { spec, state, policies } = await schedule.describe();
    assert.equal(spec.intervals?.[0]?.every, 2 * YEAR_MS);
    assert.equal(state.paused, true);
    assert.equal(policies.overlap, 'SKIP');
    await schedule.unpause();
  });

  it('drops what is past its time, counts it, and leaves alone what is kept for ever', async () => {
    const stop = await world.work();
    await addBotVisits(2500);
    const workflowId = await trigger();
    assert.deepEqual(await world.client.workflow.getHandle(workflowId).result(), {
      ...{
        ended_sessions: 0,
        bot_visits: 2500,
        status_calls: 0,
        refused_calls: 0,
        response_bodies: 0,
        import_files: 0,
      },
      visitor_hashes: 0,
      touches: null,
      pulled_rows: 0,
    });
    assert.deepEqual(await db('bot_visits'), []);
    const text = await world.metrics.registry.metrics();
    assert.match(text, /^cashcat_retention_dropped_total\{kind="bot_visits"\} 2500$/m);
    await stop();
  });

  /** A worker that is stopped while it drops its first batch of bots' visits. @returns waits until it has ended */
  async function workUntilFirstBatch(): Promise<() => Promise<void>> {
    let stopped: Promise<void> | undefined;
    // eslint-disable-next-line prefer-const -- it is there before the first batch
    let stop: () => Promise<void>;
    const watched = new Proxy(db, {
      get(target, key, receiver) {
        const value: unknown = Reflect.get(target, key, receiver);
        if (key !== 'raw') return value;
        return (...given: Parameters<typeof db.raw>) => {
          if (String(given[0]).includes('bot_visits')) stopped ??= stop();
          return target.raw(...given);
        };
      },
    });
    stop = await world.work({ db: watched });
    return async () => {
      await eventually(() => assert.ok(stopped, 'it drops'));
      await stopped;
    };
  }

  it('goes on with other workers when they stop in the middle, more often than it may fail', async () => {
    await addBotVisits(4000);
    let hasStopped = await workUntilFirstBatch();
    const workflowId = await trigger();
    for (const left of [3000, 2000, 1000]) {
      await hasStopped();
      assert.equal((await db('bot_visits')).length, left);
      if (left > 1000) hasStopped = await workUntilFirstBatch();
    }
    const stop = await world.work();
    const dropped = (await world.client.workflow.getHandle(workflowId).result()) as Record<string, number>;
    assert.equal(dropped['bot_visits'], 4000);
    assert.deepEqual(await db('bot_visits'), []);
    await stop();
  });

  it('drops the other kinds when one cannot be, and fails in the end', async () => {
    const stop = await world.work();
    await addBotVisits(3);
    await db.raw('alter table console_sessions rename to hidden_sessions');
    const workflowId = await trigger();
    await assert.rejects(world.client.workflow.getHandle(workflowId).result(), (error: Error) => {
      assert.match(String(error.cause), /Not dropped: ended_sessions\./);
      return true;
    });
    await db.raw('alter table hidden_sessions rename to console_sessions');
    assert.deepEqual(await db('bot_visits'), []);
    await stop();
  });
});
