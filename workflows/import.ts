import { proxyActivities, proxyLocalActivities, upsertSearchAttributes } from '@temporalio/workflow';
import { hasImportEnded, type ImportCounts, type ImportState } from '../src/domain/imports/import.ts';
import { bringForward } from './bring-forward.ts';
import { searchAttributeKeys } from './contract.ts';
import type { ImportActivities, ImportInput, ImportOutcome } from './long-jobs.ts';

// A worker that is killed is missed after the heartbeat's time. No row is booked twice when that comes too soon: whoever
// goes on takes the import over.
const { importBatch } = proxyActivities<ImportActivities>({
  startToCloseTimeout: '60s',
  heartbeatTimeout: '6s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
});
// Not behind other jobs, which may take all places for activities.
const { cancelImport } = proxyLocalActivities<ImportActivities>({ startToCloseTimeout: '5s' });

/**
 * One file of statuses: its rows are judged, or booked, in their order, a while at a time, until none is left or it is
 * cancelled. How far it is, and what is asked of it, stands in Postgres. One that is terminated is started anew after some
 * minutes.
 */
export async function importFile(input: ImportInput): Promise<ImportOutcome> {
  const { advertiserId, dryRun } = input;
  const summary = `${dryRun ? 'dry run' : 'import'} ← advertiser ${advertiserId}`;
  let shown: ImportState = 'running';
  return await bringForward<ImportCounts>(input, {
    doBatch: () => importBatch.executeWithOptions({ summary }, [input]),
    cancel: () => cancelImport(input),
    hasEnded: hasImportEnded,
    show: (counts) => {
      if (counts.state !== shown)
        upsertSearchAttributes([{ key: searchAttributeKeys.importState, value: counts.state }]);
      shown = counts.state;
      return describe(input, counts);
    },
  });
}

/** Markdown for ops who read only the Web UI. */
function describe({ advertiserId }: ImportInput, counts: ImportCounts): string {
  const { dry_run: isDryRun, state, rows, done_rows, recorded, duplicate, stale, ignored, refused } = counts;
  const what = isDryRun ? 'Dry run of a file' : 'File';
  const would = isDryRun ? 'would be ' : '';
  return [
    `${what} of advertiser \`${advertiserId}\`: **${state}**, ${done_rows} of ${rows} rows dealt with.`,
    '',
    `- ${recorded} ${would}recorded`,
    `- ${duplicate} duplicate, ${stale} stale, ${ignored} ignored`,
    `- ${refused} ${would}refused`,
  ].join('\n');
}
