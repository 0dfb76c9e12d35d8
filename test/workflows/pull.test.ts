import assert from 'node:assert/strict';
import type { ScheduleHandle, WorkflowHandle } from '@temporalio/client';
import { changePull, type PullChange } from '../../src/db/pulls/change-pull.ts';
import { pullTells } from '../../src/db/pulls/pull-tells.ts';
import { deletePullSettings } from '../../src/db/pulls/pull-settings.ts';
import { readPullStanding } from '../../src/db/pulls/pull-reports.ts';
import { startJobRelay, type JobRelay } from '../../src/job-relay.ts';
import { createLog } from '../../src/log.ts';
import { jobWorker } from '../../src/temporal/job-worker.ts';
import { tellPull } from '../../src/temporal/tell-pull.ts';
import { createWorkers } from '../../src/temporal/workers.ts';
import { pullScheduleId, searchAttributeKeys } from '../../workflows/contract.ts';
import { createPullStage, type PullStage } from '../activities/pull-stage.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { testTemporal } from '../support/servers.ts';
import { testBundle } from '../support/temporal/bundle.ts';
import { connectToTemporal } from '../support/temporal/connection.ts';

const EXPORT = 'conversion_id,status\nnobody,approved\n';
const ROOT = { name: 'root', role: 'admin' } as const;

describe('the Schedule of pulls', function () {
  this.timeout(120_000);
  let stage: PullStage;
  let temporal: Awaited<ReturnType<typeof connectToTemporal>>;
  let schedule: ScheduleHandle;
  let relay: JobRelay;
  let working: Awaited<ReturnType<typeof work>>;

  before(async () => {
    const { address } = await testTemporal();
    temporal = await connectToTemporal(address);
    stage = await createPullStage();
    schedule = temporal.client.schedule.getHandle(pullScheduleId(stage.advertiserId));
    relay = startRelay();
    working = await work();
  });

  after(async () => {
    await relay.stop();
    await schedule.delete().catch(() => undefined);
    await stopWorking();
    await stage.close();
    await temporal.close();
  });

  async function work() {
    const puller = stage.createPuller();
    const { activities } = puller;
    const workflowBundle = await testBundle();
    const connection = temporal.nativeConnection;
    const workers = await createWorkers([jobWorker({ connection, activities, workflowBundle, concurrentJobs: 3 })]);
    return { workers, puller, ended: workers.run() };
  }

  /** As the role does when it is to stop. */
  async function stopWorking(): Promise<void> {
    working.workers.shutdown();
    working.puller.halt();
    await working.ended;
  }

  function startRelay(): JobRelay {
    const kind = { name: 'pull' as const, tells: pullTells, tell: tellPull };
    return startJobRelay({ kind, db: stage.db, client: temporal.client, log: createLog('silent') });
  }

  const change = (asked: PullChange) =>
    changePull(stage.db, { advertiserId: stage.advertiserId, change: asked, actor: ROOT });

  /** Waits until Temporal has been told of all that was changed. */
  async function isTold(): Promise<void> {
    await eventually(async () => {
      const row = await stage.db('pull_standings').first<{ tell_at: string | null } | undefined>('tell_at');
      assert.equal(row?.tell_at ?? null, null);
    });
  }

  /** Has a pull begin at once. @returns its workflow */
  async function pullNow(): Promise<WorkflowHandle> {
    // It skips what would overlap the run before, whose end it hears of a little later.
    await eventually(async () => assert.equal((await schedule.describe()).info.runningActions.length, 0));
    // Two that begin within a second have one workflow id, so each is known by its run.
    const runsOf = async () => (await schedule.describe()).info.recentActions.map(({ action }) => action.workflow);
    const known = new Set((await runsOf()).map(({ firstExecutionRunId }) => firstExecutionRunId));
    await change('run');
    return await eventually(async () => {
      const begun = (await runsOf()).find(({ firstExecutionRunId }) => !known.has(firstExecutionRunId));
      assert.ok(begun, 'no pull has begun');
      return temporal.client.workflow.getHandle(begun.workflowId, begun.firstExecutionRunId);
    });
  }

  it('follows the settings, be it that Temporal was away when they were changed', async () => {
    await relay.stop();
    await stage.save({ everyMinutes: 90 });
    await assert.rejects(schedule.describe());
    relay = startRelay();
    await isTold();
    const { spec, state, policies } = await schedule.describe();
    assert.equal(spec.intervals?.[0]?.every, 90 * 60_000);
    assert.equal(spec.jitter, 300_000);
    assert.equal(state.paused, false);
    assert.equal(policies.overlap, 'SKIP');
    await change('pause');
    await stage.save({ everyMinutes: 60 });
    await isTold();
    const changed = await schedule.describe();
    assert.deepEqual([changed.state.paused, changed.spec.intervals?.[0]?.every], [true, 60 * 60_000]);
  });

  it('pulls at once when it is asked to, paused or not, and shows what came of it', async () => {
    stage.server.serve(EXPORT);
    await stage.save({ headers: { authorization: 'Bearer very-secret' } });
    const handle = await pullNow();
    assert.match(handle.workflowId, new RegExp(`^pull:${stage.advertiserId}-`));
    const outcome = (await handle.result()) as { result: string; importId: string };
    assert.equal(outcome.result, 'imported');
    assertFields(await stage.imports.batch(outcome.importId), { state: 'done', refused: 1 });
    const description = await handle.describe();
    assert.deepEqual(description.typedSearchAttributes.get(searchAttributeKeys.advertisers), [stage.advertiserId]);
    assert.equal(await description.staticSummary(), `pull ← advertiser ${stage.advertiserId}`);
    const metadata = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    assert.match(metadata.currentDetails, /\*\*imported\*\*/);
    const history = JSON.stringify(await handle.fetchHistory());
    for (const secret of ['very-secret', 'in-the-query', stage.server.origin]) {
      assert.ok(!history.includes(secret) && !history.includes(Buffer.from(secret).toString('base64')), secret);
    }
    assert.equal((await readPullStanding(stage.db, stage.advertiserId))?.run_asked_at, null);
  });

  it('fails for people to see when the export does not come, and goes on', async () => {
    stage.server.refuse(401);
    const handle = await pullNow();
    await assert.rejects(handle.result(), (error: Error) => {
      assert.match(String(error.cause), /does not let us in \(401\)/);
      return true;
    });
    assertFields((await stage.pulls())[0] ?? {}, { result: 'failed', http_status: 401, attempts: 1 });
    stage.server.serve(EXPORT);
    assertFields((await (await pullNow()).result()) as object, { result: 'unchanged' });
  });

  it('loses no attempt to workers that are restarted while the file comes, however many they are', async () => {
    stage.server.answer((response) => void response.write(EXPORT));
    const asked = () => stage.server.asked.length;
    let before = asked();
    const handle = await pullNow();
    for (let restarts = 1; restarts <= 4; restarts++) {
      await eventually(() => assert.ok(asked() > before, `it was not fetched after ${restarts - 1} restarts`));
      before = asked();
      if (restarts === 4) stage.server.serve(`${EXPORT}somebody,approved\n`);
      await stopWorking();
      working = await work();
    }
    const { result, importId } = (await handle.result()) as { result: string; importId: string };
    assert.equal(result, 'imported');
    assertFields((await stage.pulls())[0] ?? {}, { result: 'imported', attempts: 1 });
    // The next pull would wait for it.
    await stage.imports.batch(importId);
  });

  it('leaves nothing of a pull that is cancelled in the Web UI', async () => {
    stage.server.answer((response) => void response.write(EXPORT));
    const before = stage.server.asked.length;
    const handle = await pullNow();
    await eventually(() => assert.ok(stage.server.asked.length > before, 'it was not fetched'));
    await handle.cancel();
    await assert.rejects(handle.result());
    assertFields((await stage.pulls())[0] ?? {}, { result: 'failed', problem: 'cancelled' });
  });

  it('is gone when nothing is to be pulled any more', async () => {
    await stage.db.transaction((trx) => deletePullSettings(trx, stage.advertiserId));
    await isTold();
    await assert.rejects(schedule.describe());
    await stage.db.transaction((trx) => deletePullSettings(trx, stage.advertiserId));
  });
});
