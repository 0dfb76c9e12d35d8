// The recordings of the workflow that imports a file, to be replayed like those of leads.
import type { WorkflowHandle } from '@temporalio/client';
import { NO_ROWS, type ImportCounts, type ImportState } from '../../src/domain/imports/import.ts';
import { tellImport } from '../../src/temporal/tell-import.ts';
import { importWorkflowId, wakeJob } from '../../workflows/contract.ts';
import type { ImportActivities } from '../../workflows/long-jobs.ts';
import { recordJob, type Recorder } from './record-job.ts';

type Recording = {
  dryRun: boolean;
  /** How its batches end, one after the other; null: Postgres does not have it. */
  states: (ImportState | null)[];
  /** What is done to it when it has paused. */
  onPause?: (handle: WorkflowHandle) => Promise<unknown>;
};

const recordings = {
  'import-done': { dryRun: false, states: ['running', 'running', 'done'] },
  'import-dry-run': { dryRun: true, states: ['running', 'done'] },
  'import-paused-and-resumed': {
    dryRun: false,
    states: ['running', 'paused', 'running', 'done'],
    onPause: (handle) => handle.signal(wakeJob),
  },
  'import-cancelled-by-hand': {
    dryRun: false,
    states: ['paused', 'cancelled'],
    onPause: (handle) => handle.cancel(),
  },
  'import-lost': { dryRun: false, states: [null] },
} satisfies Record<string, Recording>;

/** What they are called; each is a file. */
export const importNames = Object.keys(recordings) as (keyof typeof recordings)[];

/** Records all of them. */
export async function recordImports(recorder: Recorder): Promise<void> {
  for (const name of importNames) await record(name, recorder);
}

async function record(name: keyof typeof recordings, recorder: Recorder): Promise<void> {
  const { dryRun, states, onPause }: Recording = recordings[name];
  const left = [...states];
  let hasPaused = false;
  const activities: ImportActivities = {
    async importBatch() {
      const state = left.shift();
      hasPaused ||= state === 'paused';
      return state ? countsIn(state, dryRun) : null;
    },
    cancelImport: () => Promise.resolve(),
  };
  await recordJob(recorder, {
    ...{ name, workflowId: importWorkflowId(name), activities },
    start: () => tellImport(recorder.client, { id: name, advertiserId: 'first-bank', dryRun, rows: 3 }),
    pause: onPause && { hasPaused: () => hasPaused, then: onPause },
  });
}

function countsIn(state: ImportState, isDryRun: boolean): ImportCounts {
  const recorded = state === 'done' ? 3 : 1;
  return { ...NO_ROWS, dry_run: isDryRun, state, rows: 3, done_rows: recorded, recorded };
}
