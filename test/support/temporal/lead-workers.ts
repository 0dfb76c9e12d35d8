import { leadWorkers, type LeadWorkersOptions } from '../../../src/temporal/lead-workers.ts';
import { createWorkers, type Workers } from '../../../src/temporal/workers.ts';
import { testBundle } from './bundle.ts';

export type TestLeadWorkers = Workers & {
  /** Runs them for as long as a test waits for something. */
  runUntil<T>(done: Promise<T> | (() => Promise<T>)): Promise<T>;
};

/** The workers of leads with the workflow code as it is now. */
export async function createTestLeadWorkers(
  options: Omit<LeadWorkersOptions, 'workflowBundle'>,
): Promise<TestLeadWorkers> {
  const workers = await createWorkers(leadWorkers({ ...options, workflowBundle: await testBundle() }));
  return {
    ...workers,
    async runUntil(done) {
      const running = workers.run();
      const ended = running.then(() => {
        throw new Error('The workers ended too early.');
      });
      try {
        return await Promise.race([typeof done === 'function' ? done() : done, ended]);
      } finally {
        workers.shutdown();
        await running;
      }
    },
  };
}
