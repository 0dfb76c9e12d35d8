import { Worker, type WorkerOptions } from '@temporalio/worker';

export type Workers = {
  /** False before they run, while they stop, and after. */
  areRunning(): boolean;
  /** Ends when all are shut down. Where one of them ends by itself, so do the others. */
  run(): Promise<void>;
  shutdown(): void;
};

/**
 * Several workers that run and end together. They have to be run, be it to be shut down at once: workers that never ran
 * keep their connection from being closed.
 */
export async function createWorkers(options: WorkerOptions[]): Promise<Workers> {
  const workers: Worker[] = [];
  const shutdown = () => workers.filter(isRunning).forEach((worker) => worker.shutdown());
  const run = () => runAll(workers, shutdown);
  try {
    for (const each of options) workers.push(await Worker.create(each));
  } catch (error) {
    const running = run();
    shutdown();
    await running;
    throw error;
  }
  return { areRunning: () => workers.every(isRunning), run, shutdown };
}

function isRunning(worker: Worker): boolean {
  return worker.getState() === 'RUNNING';
}

async function runAll(workers: Worker[], shutdown: () => void): Promise<void> {
  const ends = await Promise.allSettled(workers.map((worker) => worker.run().finally(shutdown)));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
