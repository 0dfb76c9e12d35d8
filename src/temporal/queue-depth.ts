// What stands in Temporal's own queue before a status. Tasks there go first in, first out.
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { TASK_QUEUE } from '../../workflows/contract.ts';
import { repeatUntilStopped } from '../repeat-until-stopped.ts';

export type QueueDepth = {
  /** True while workers are behind: the oldest task has waited longer than a status should have to. */
  isDeep(): boolean;
  stop(): Promise<void>;
};

// The server itself looks only every five seconds.
const LOOK_EVERY_MS = 1000;
const LOOK_TIMEOUT_MS = 1000;
const MAX_TASK_AGE_MS = 500;

/** Keeps an eye on the queue of the leads. While Temporal does not tell, the queue counts as short. */
export function watchQueueDepth(client: Client): QueueDepth {
  let isDeep = false;
  const watching = repeatUntilStopped({
    async work() {
      const ageMs = await client.withDeadline(Date.now() + LOOK_TIMEOUT_MS, () => ageOfOldestTask(client));
      isDeep = ageMs > MAX_TASK_AGE_MS;
    },
    pauseMs: LOOK_EVERY_MS,
    pause: 'after',
    onFailure: () => (isDeep = false),
  });
  return { isDeep: () => isDeep, stop: () => watching.stop() };
}

async function ageOfOldestTask({ workflowService, options }: Client): Promise<number> {
  const { stats } = await workflowService.describeTaskQueue({
    namespace: options.namespace,
    taskQueue: { name: TASK_QUEUE },
    taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    reportStats: true,
  });
  const { seconds, nanos } = stats?.approximateBacklogAge ?? {};
  return Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1_000_000;
}
