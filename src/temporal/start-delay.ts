// A status of a sleeping lead is money that waits for its window's end, should Temporal ever let it sleep on. So each relay
// has Temporal show, before it lets a lead sleep, that a signalWithStart skips the rest of a start delay.
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { PROBE_TASK_QUEUE, PROBE_WORKFLOW, probeSignal, probeWorkflowId } from '../../workflows/contract.ts';
import { keepTrying } from '../keep-trying.ts';
import type { Log } from '../log.ts';

export type StartDelay = {
  /** Whether Temporal has shown that a sleeping lead can be woken; undefined until it has been asked. */
  isProven(): boolean | undefined;
  stop(): Promise<void>;
};

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
const PROBE_TIMEOUT_MS = 5000;
// Far longer than the probe takes, so that a task can only come from the skip.
const PROBE_DELAY = '1 hour';
// Counted from the end of the delay: a probe whose relay was killed ends by itself.
const PROBE_RUN_TIMEOUT = '1 minute';

/** Proves it in the background, and again and again for as long as Temporal cannot be asked. */
export function proveStartDelay(client: Client, log: Log): StartDelay {
  const stopping = new AbortController();
  let isProven: boolean | undefined;
  const proving = keepTrying(prove, {
    signal: stopping.signal,
    firstPauseMs: FIRST_RETRY_MS,
    longestPauseMs: LONGEST_RETRY_MS,
    onFailure: (err) =>
      log.warn(
        { err },
        'It cannot be seen yet whether Temporal wakes a sleeping lead; until then clicks are relayed one by one.',
      ),
  });

  return {
    isProven: () => isProven,
    async stop() {
      stopping.abort();
      await proving;
    },
  };

  async function prove(): Promise<void> {
    isProven = await client.withDeadline(Date.now() + PROBE_TIMEOUT_MS, () => canWakeSleeper(client));
    if (isProven) return;
    log.error(
      'This Temporal server does not wake a workflow that waits for its start delay when signalWithStart reaches it. ' +
        'Leads start awake, so that no status has to wait; a flood of clicks will delay statuses. ' +
        'Was the server upgraded? Leads that it has put to sleep before must be terminated; each starts anew with its next event.',
    );
  }
}

async function canWakeSleeper({ workflow }: Client): Promise<boolean> {
  const handle = workflow.getHandle(probeWorkflowId(randomUUID()));
  const tell = () =>
    workflow.signalWithStart(PROBE_WORKFLOW, {
      workflowId: handle.workflowId,
      taskQueue: PROBE_TASK_QUEUE,
      startDelay: PROBE_DELAY,
      workflowRunTimeout: PROBE_RUN_TIMEOUT,
      signal: probeSignal,
      signalArgs: [],
    });
  try {
    await tell();
    await tell();
    const { events } = await handle.fetchHistory();
    return events?.some((event) => event.workflowTaskScheduledEventAttributes) ?? false;
  } finally {
    await handle.terminate('the probe is over').catch(() => undefined);
  }
}
