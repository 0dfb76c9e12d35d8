import assert from 'node:assert/strict';
import { createDryRun } from '../../activities/import/judge-rows.ts';
import { createReportReader } from '../../activities/import/read-reports.ts';
import { beginTurn, type ImportTurn } from '../../src/db/imports/import-turns.ts';
import { policy } from '../support/policy.ts';
import { createImportStage, csvOf, type ImportStage } from './import-stage.ts';

describe('a dry run', () => {
  let stage: ImportStage;
  before(async () => (stage = await createImportStage()));
  after(() => stage.close());

  it('knows what the batch before has changed, although it read what it judges by before that', async () => {
    const { conversionId } = await stage.network.aLead('ann');
    const file = csvOf('conversion_id,status', [[conversionId, 'approved']]);
    const { import_id: id } = await stage.receive(file, { dryRun: true });
    const turn = (await beginTurn(stage.db, id)) as ImportTurn;
    const readReport = createReportReader(turn);
    const batches = ['approved', 'pending', 'rejected', 'rejected'].map((word, index) => [
      readReport([conversionId, word], index + 1).report,
    ]);
    const dryRun = createDryRun(turn, policy.windowMs);

    const results: string[] = [];
    let ahead = dryRun.read(stage.db, batches[0] ?? []);
    for (const [index, reports] of batches.entries()) {
      const facts = await ahead;
      ahead = dryRun.read(stage.db, batches[index + 1] ?? []);
      // Otherwise the next facts might be read late enough to hold what this batch finds.
      await ahead;
      const commit = (found: string[]) => Promise.resolve(void results.push(...found));
      await stage.db.transaction((trx) => dryRun.judge(trx, reports, { facts, commit }));
    }
    assert.deepEqual(results, ['recorded', 'stale', 'recorded', 'duplicate']);
  });
});
