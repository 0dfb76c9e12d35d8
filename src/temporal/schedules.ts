import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';

export type RegularWorkflow = {
  scheduleId: string;
  workflowType: string;
  taskQueue: string;
  /** What the ids of its runs begin with; the name of the workflow when left out. */
  workflowId?: string;
  args?: unknown[];
  everyMs: number;
  /** So much later than its time a run begins at most, so that not all begin at once. */
  jitterMs?: number;
  /** Left out: whoever pauses it in Temporal decides. */
  isPaused?: boolean;
  typedSearchAttributes?: SearchAttributePair[];
  /** As the Web UI shows its runs. */
  summary?: string;
};

/** After an outage one run makes up for all that were missed. */
const CATCHUP_WINDOW = '1 minute';

/**
 * Has Temporal start a workflow again and again, never while its last run is under way. Harmless when done before: a
 * Schedule that is there gets this interval, and stays paused where somebody has paused it, unless that is told.
 */
export async function ensureSchedule(client: Client, wanted: RegularWorkflow): Promise<void> {
  const { scheduleId, isPaused } = wanted;
  const { spec, action, policies } = describe(wanted);
  try {
    await client.schedule.create({ scheduleId, spec, action, policies, ...(isPaused && { state: { paused: true } }) });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const handle = client.schedule.getHandle(scheduleId);
    await handle.update(({ state }) => {
      const paused = isPaused ?? state.paused;
      return { spec, action, policies, state: { ...state, paused } };
    });
  }
}

/** Has Temporal start a run at once, unless one is under way. */
export async function runScheduleNow(client: Client, scheduleId: string): Promise<void> {
  await client.schedule.getHandle(scheduleId).trigger(ScheduleOverlapPolicy.SKIP);
}

/** Runs that are under way go on. Harmless when done before. */
export async function deleteSchedule(client: Client, scheduleId: string): Promise<void> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

function describe(wanted: RegularWorkflow): Required<Pick<ScheduleOptions, 'spec' | 'action' | 'policies'>> {
  const { workflowType, workflowId = workflowType, taskQueue, args = [], everyMs, jitterMs } = wanted;
  const { typedSearchAttributes, summary } = wanted;
  return {
    spec: { intervals: [{ every: everyMs }], ...(jitterMs !== undefined && { jitter: jitterMs }) },
    action: {
      ...{ type: 'startWorkflow', workflowType, workflowId, taskQueue, args },
      ...(typedSearchAttributes && { typedSearchAttributes }),
      ...(summary !== undefined && { staticSummary: summary }),
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW },
  };
}
