import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { CheapestActivities } from './cheapest.ts';

export const message = defineSignal<[number]>('message');

/** The reference of the lead benchmark: hears the same two messages, runs one activity that does nothing, completes. */
export async function cheapest(id: string): Promise<void> {
  const { noop } = proxyActivities<CheapestActivities>({ startToCloseTimeout: '15s' });
  let received = 0;
  setHandler(message, () => void received++);
  await condition(() => received === 2);
  await noop(id);
}
