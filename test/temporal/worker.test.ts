import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { msToTs } from '@temporalio/common/lib/time.js';
import { createLog } from '../../src/log.ts';
import { connectTemporal, registerSearchAttributes } from '../../src/temporal/connect.ts';
import { startWorker } from '../../src/temporal/worker.ts';
import { testBundle } from '../support/temporal/bundle.ts';
import { eventually } from '../support/eventually.ts';
import { testTemporal } from '../support/servers.ts';
import { createKeepingActivities } from '../workflows/lead-without-database.ts';

function unasked(): never {
  throw new Error('There is no replay.');
}

describe('a worker whose namespace Temporal does not know', function () {
  this.timeout(120_000);

  it('says so with the command that makes it, and works as soon as it is there', async () => {
    const { address } = await testTemporal();
    const namespace = `missing-${randomUUID()}`;
    const target = { connectionOptions: { address }, namespace };
    const lines: { level: number; msg: string }[] = [];
    const log = createLog('info', { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]) });
    const limits = { cachedWorkflows: 10, concurrentWorkflowTasks: 10, concurrentPostbacks: 10 };
    const activities = createKeepingActivities([]);
    const forJobs = {
      ...{ replayBatch: unasked, cancelReplay: unasked, importBatch: unasked, cancelImport: unasked },
      ...{ fetchExport: unasked, giveUpPull: unasked, dropExpired: unasked },
    };
    const jobs = { activities: forJobs, concurrentJobs: 1 };
    const worker = startWorker({ limits, target, activities, jobs, workflowBundle: await testBundle(), log });
    const expected =
      `Temporal has no namespace "${namespace}". Make it and this goes on by itself: ` +
      `temporal operator namespace create --namespace ${namespace} --retention 90d`;
    await eventually(() => assert.equal(lines[0]?.msg, expected));
    assert.equal(worker.isRunning(), false);

    const client = connectTemporal(target);
    await assert.rejects(registerSearchAttributes(client), { message: expected });
    await client.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('90 days') });
    await eventually(() => assert.ok(worker.isRunning(), 'not yet'));
    assert.deepEqual(new Set(lines.map(({ msg }) => msg)), new Set([expected]));
    await worker.stop();
    await client.connection.close();
  });
});
