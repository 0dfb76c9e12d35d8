import assert from 'node:assert/strict';
import { searchAttributeKeys } from '../../workflows/contract.ts';
import { csvOf } from '../activities/import-stage.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { testTemporal } from '../support/servers.ts';
import { startImportWorld, type ImportWorld } from './import-world.ts';

const HEADER = 'conversion_id,status';
const SILENT_MS = 1500;

describe('the workflow of an import', function () {
  this.timeout(120_000);
  let world: ImportWorld;

  before(async () => {
    const { address } = await testTemporal();
    // Each batch deals with one chunk.
    world = await startImportWorld(address, { batchMs: 0, silentMs: SILENT_MS });
  });

  after(() => world.stop());

  const fileOf = (rows: number) => csvOf(HEADER, Array(rows).fill(['nobody', 'approved']));

  async function detailsOf(importId: string): Promise<string> {
    const metadata = await world.handleOf(importId).query<{ currentDetails: string }>('__temporal_workflow_metadata');
    return metadata.currentDetails;
  }

  it('begins when the file has been received, and shows in the Web UI what came of it', async () => {
    const { conversionId } = await world.stage.network.aLead('ann');
    const { import_id: id } = await world.stage.receive(
      csvOf(HEADER, [
        [conversionId, 'approved'],
        ['nobody', 'approved'],
      ]),
    );
    await world.hasImport(id, { state: 'done', recorded: 1, refused: 1 });
    await world.handleOf(id).result();
    const description = await world.handleOf(id).describe();
    const { advertiserId } = world.stage.network;
    assert.equal(await description.staticSummary(), `import of 2 rows ← advertiser ${advertiserId}`);
    assert.deepEqual(description.typedSearchAttributes.get(searchAttributeKeys.advertisers), [advertiserId]);
    assert.equal(description.typedSearchAttributes.get(searchAttributeKeys.importState), 'done');
    assert.match(await detailsOf(id), /\*\*done\*\*, 2 of 2 rows dealt with/);
  });

  it('begins once more when a dry run is applied, be it at once', async () => {
    const { conversionId } = await world.stage.network.aLead('ann');
    const { import_id: id } = await world.stage.receive(csvOf(HEADER, [[conversionId, 'approved']]), { dryRun: true });
    await eventually(async () => assert.equal((await world.stage.apply(id).catch(() => undefined))?.dry_run, false));
    await world.hasImport(id, { state: 'done', dry_run: false, recorded: 1 });
    assert.equal(await world.stage.statusOf(conversionId), 'approved');
  });

  it('waits while it is paused, goes on when it is resumed, and is cancelled in the Web UI', async () => {
    const { import_id: id } = await world.stage.receive(fileOf(10_000));
    await eventually(async () => assert.ok((await world.stage.read(id)).done_rows > 0, 'no row has been dealt with'));
    await world.stage.ask(id, 'pause');
    await eventually(async () => assert.match(await detailsOf(id), /\*\*paused\*\*/));
    const { done_rows: paused } = await world.stage.read(id);
    assert.ok(paused < 10_000);
    await world.stage.ask(id, 'resume');
    await eventually(async () => assert.ok((await world.stage.read(id)).done_rows > paused, 'it has not gone on'));
    await world.handleOf(id).cancel();
    await world.hasImport(id, { state: 'cancelled' });
    assertFields((await world.handleOf(id).result()) as { state: string }, { state: 'cancelled' });
  });

  it('is started anew when it is lost', async () => {
    const { import_id: id } = await world.stage.receive(fileOf(6000));
    await eventually(async () => assert.ok((await world.stage.read(id)).done_rows > 0, 'no row has been dealt with'));
    await world.handleOf(id).terminate();
    await world.hasImport(id, { state: 'done', done_rows: 6000, refused: 6000 });
    assert.equal((await world.stage.callsOf(id)).length, 6000);
  });
});
