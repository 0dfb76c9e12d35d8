// The other side of the lead benchmark: a worker with the cheapest workflow that hears two messages.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Worker, bundleWorkflowCode, type NativeConnection } from '@temporalio/worker';
import { readConfig } from '../../src/config.ts';
import { inParallel } from '../support/in-parallel.ts';
import { connectToTemporal } from '../support/temporal/connection.ts';

export type CheapestActivities = { noop(id: string): Promise<void> };

/** Takes so many leads all the way. @returns leads per second */
type RunLeads = (leads: number) => Promise<number>;

const TASK_QUEUE = 'cheapest';

/** Runs the cheapest workflow in a worker with the limits of ours, as long as `use` takes. */
export async function withCheapest<T>(
  { address, atOnce }: { address: string; atOnce: number },
  use: (run: RunLeads) => Promise<T>,
): Promise<T> {
  const temporal = await connectToTemporal(address);
  const { workflow } = temporal.client;
  const done = new Map<string, () => void>();
  const worker = await createWorker(temporal.nativeConnection, (id) => done.get(id)?.());
  try {
    return await worker.runUntil(() => use(run));
  } finally {
    await temporal.close();
  }

  async function run(leads: number): Promise<number> {
    const ids = Array.from({ length: leads }, () => randomUUID());
    const finished = ids.map((id) => new Promise<void>((resolve) => done.set(id, resolve)));
    const startedAt = performance.now();
    await inParallel(ids, atOnce, (id) =>
      workflow.signalWithStart('cheapest', {
        workflowId: `cheapest:${id}`,
        taskQueue: TASK_QUEUE,
        args: [id],
        signal: 'message',
        signalArgs: [1],
      }),
    );
    await inParallel(ids, atOnce, (id) => workflow.getHandle(`cheapest:${id}`).signal('message', 2));
    await Promise.all(finished);
    return leads / ((performance.now() - startedAt) / 1000);
  }
}

async function createWorker(connection: NativeConnection, onDone: (id: string) => void): Promise<Worker> {
  const activities: CheapestActivities = { noop: (id) => Promise.resolve(onDone(id)) };
  const limits = readConfig({}).worker;
  return await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    activities,
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('./cheapest-workflow.ts', import.meta.url)),
      logger: new DefaultLogger('ERROR'),
    }),
    maxCachedWorkflows: limits.cachedWorkflows,
    maxConcurrentWorkflowTaskExecutions: limits.concurrentWorkflowTasks,
    maxConcurrentActivityTaskExecutions: limits.concurrentPostbacks,
  });
}
