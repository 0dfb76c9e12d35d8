import { WorkflowIdReusePolicy } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import {
  JOB_TASK_QUEUE,
  REPLAY_WORKFLOW,
  replayWorkflowId,
  searchAttributeKeys,
  wakeJob,
} from '../../workflows/contract.ts';
import type { JobToTell } from '../db/jobs/job-tells.ts';
import type { ReplayFacts } from '../db/replays/replay-tells.ts';

/** Wakes the workflow of a replay, and starts it where there is none. */
export async function tellReplay(
  { workflow }: Client,
  { id: replayId, partnerId, postbackId, total }: Omit<JobToTell<ReplayFacts>, 'claim'>,
): Promise<void> {
  const what = postbackId === null ? `replay of ${total} postbacks` : `redelivery of postback ${postbackId}`;
  await workflow.signalWithStart(REPLAY_WORKFLOW, {
    workflowId: replayWorkflowId(replayId),
    taskQueue: JOB_TASK_QUEUE,
    args: [{ replayId, partnerId }],
    signal: wakeJob,
    typedSearchAttributes: [{ key: searchAttributeKeys.linkedPartner, value: partnerId }],
    staticSummary: `${what} → partner ${partnerId}`,
    // Of one whose workflow ended though it was not done, a new run goes on with what is left.
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
  });
}
