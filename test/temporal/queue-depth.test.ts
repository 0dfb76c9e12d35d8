import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Worker } from '@temporalio/worker';
import { watchQueueDepth } from '../../src/temporal/queue-depth.ts';
import { LEAD_WORKFLOW, TASK_QUEUE, leadWorkflowId } from '../../workflows/contract.ts';
import { testBundle } from '../support/temporal/bundle.ts';
import { eventually } from '../support/eventually.ts';
import { policy } from '../support/policy.ts';
import { startPrivateTemporal } from '../support/servers.ts';
import { connectToTemporal } from '../support/temporal/connection.ts';

describe('the queue of the leads', function () {
  this.timeout(120_000);

  it('is deep while its oldest task waits, and no longer when workers have caught up', async () => {
    const server = await startPrivateTemporal();
    const temporal = await connectToTemporal(server.address);
    const depth = watchQueueDepth(temporal.client);
    assert.equal(depth.isDeep(), false);
    const leadId = randomUUID();
    await temporal.client.workflow.start(LEAD_WORKFLOW, {
      workflowId: leadWorkflowId(leadId),
      taskQueue: TASK_QUEUE,
      args: [{ leadId, policy }],
    });
    await eventually(() => assert.equal(depth.isDeep(), true));
    const worker = await Worker.create({
      connection: temporal.nativeConnection,
      taskQueue: TASK_QUEUE,
      workflowBundle: await testBundle(),
    });
    await worker.runUntil(eventually(() => assert.equal(depth.isDeep(), false)));
    await depth.stop();
    await temporal.close();
    await server.kill('SIGKILL');
  });
});
