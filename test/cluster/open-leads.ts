import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { LEAD_WORKFLOW } from '../../workflows/contract.ts';
import { WINDOW_SECONDS } from './network.ts';

const NAMESPACE = 'default';
const QUERY = `WorkflowType = '${LEAD_WORKFLOW}' and ExecutionStatus = 'Running'`;
const LOOK_AGAIN_MS = 5000;
// Beyond the windows: for timers that fire late, and for what people read of runs, which follows them.
const MARGIN_MS = 4 * 60_000;

/**
 * Waits until the window of every lead has ended, when nobody clicks any more, and its workflow with it.
 * @returns how many still run
 */
export async function waitUntilLeadsEnd(address: string, onLook: (text: string) => void): Promise<number> {
  const deadline = Date.now() + WINDOW_SECONDS * 1000 + MARGIN_MS;
  const connection = await Connection.connect({ address });
  try {
    for (;;) {
      const running = await countRunning(connection);
      if (running === 0 || Date.now() > deadline) return running;
      onLook(`${running} leads are open`);
      await delay(LOOK_AGAIN_MS);
    }
  } finally {
    await connection.close();
  }
}

async function countRunning({ workflowService }: Connection): Promise<number> {
  const answer = await workflowService.countWorkflowExecutions({ namespace: NAMESPACE, query: QUERY });
  return Number(answer.count);
}
