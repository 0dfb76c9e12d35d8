import { WorkflowIdReusePolicy } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import {
  REPLAY_TASK_QUEUE,
  REPLAY_WORKFLOW,
  replayWorkflowId,
  searchAttributeKeys,
  wakeReplay,
} from '../../workflows/contract.ts';
import type { ReplayToTell } from '../db/replays/replay-tells.ts';

/** Wakes the workflow of a replay, and starts it where there is none. */
export async function tellReplay(
  { workflow }: Client,
  { replayId, partnerId, postbackId, total }: Omit<ReplayToTell, 'claim'>,
): Promise<void> {
  const what = postbackId === null ? `replay of ${total} postbacks` : `redelivery of postback ${postbackId}`;
  await workflow.signalWithStart(REPLAY_WORKFLOW, {
    workflowId: replayWorkflowId(replayId),
    taskQueue: REPLAY_TASK_QUEUE,
    args: [{ replayId, partnerId }],
    signal: wakeReplay,
    typedSearchAttributes: [{ key: searchAttributeKeys.linkedPartner, value: partnerId }],
    staticSummary: `${what} → partner ${partnerId}`,
    // Of one whose workflow ended though it was not done, a new run goes on with what is left.
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
  });
}
