import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';

export type RegularWorkflow = {
  scheduleId: string;
  workflowType: string;
  taskQueue: string;
  args?: unknown[];
  everyMs: number;
};

/** After an outage one run makes up for all that were missed. */
const CATCHUP_WINDOW = '1 minute';

/**
 * Has Temporal start a workflow again and again, never while its last run is under way. Harmless when done before: a
 * Schedule that is there gets this interval, and stays paused where somebody has paused it.
 */
export async function ensureSchedule(client: Client, wanted: RegularWorkflow): Promise<void> {
  const { scheduleId, workflowType, taskQueue, args = [], everyMs } = wanted;
  const spec = { intervals: [{ every: everyMs }] };
  const action = { type: 'startWorkflow' as const, workflowType, workflowId: workflowType, taskQueue, args };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW };
  try {
    await client.schedule.create({ scheduleId, spec, action, policies });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const handle = client.schedule.getHandle(scheduleId);
    await handle.update(({ state }) => ({ spec, action, policies, state }));
  }
}
