import { WorkflowIdReusePolicy } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import {
  IMPORT_WORKFLOW,
  importWorkflowId,
  JOB_TASK_QUEUE,
  searchAttributeKeys,
  wakeJob,
} from '../../workflows/contract.ts';
import type { ImportFacts } from '../db/imports/import-tells.ts';
import type { JobToTell } from '../db/jobs/job-tells.ts';

/** Wakes the workflow of an import, and starts it where there is none. */
export async function tellImport(
  { workflow }: Client,
  { id: importId, advertiserId, dryRun, rows }: Omit<JobToTell<ImportFacts>, 'claim'>,
): Promise<void> {
  await workflow.signalWithStart(IMPORT_WORKFLOW, {
    workflowId: importWorkflowId(importId),
    taskQueue: JOB_TASK_QUEUE,
    args: [{ importId, advertiserId, dryRun }],
    signal: wakeJob,
    typedSearchAttributes: [
      { key: searchAttributeKeys.advertisers, value: [advertiserId] },
      { key: searchAttributeKeys.importState, value: 'running' },
    ],
    staticSummary: `${dryRun ? 'dry run' : 'import'} of ${rows} rows ← advertiser ${advertiserId}`,
    // A dry run that is done is followed by a run that applies the file; and of one whose workflow ended though it was not
    // done, a new run goes on with what is left.
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
  });
}
