import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { historyFromJSON, type History } from '@temporalio/common/lib/proto-utils.js';
import { Worker, bundleWorkflowCode } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { shapeNames } from '../histories/shapes.ts';
import { testBundle } from '../support/bundle.ts';

const folder = fileURLToPath(new URL('../histories/', import.meta.url));
const ignore = () => undefined;

async function readHistory(file: string): Promise<History> {
  return historyFromJSON(JSON.parse(await readFile(folder + file, 'utf8')));
}

describe('replay of recorded leads', function () {
  this.timeout(60_000);
  let files: string[];

  before(async () => {
    files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  });

  it('has a recording of every shape, which names no machine', async () => {
    const recorded = files.map((file) => file.replace(/(-\d)?\.json$/, ''));
    assert.deepEqual([...new Set(recorded)], shapeNames.toSorted());
    assert.equal(files.filter((file) => file.startsWith('continued-as-new')).length, 2);
    for (const file of files) {
      const text = await readFile(folder + file, 'utf8');
      assert.ok(!text.includes(hostname()) && !/stackTrace|node_modules|\d+@|file:/.test(text), file);
    }
  });

  for (const name of shapeNames) {
    it(`a lead under way may go on: ${name}`, async () => {
      const workflowBundle = await testBundle();
      for (const file of files.filter((recorded) => recorded.startsWith(name))) {
        await Worker.runReplayHistory({ workflowBundle }, await readHistory(file), `lead:${name}`);
      }
    });
  }

  it('a change that leads under way may not meet is caught', async () => {
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../support/changed-workflow/index.ts', import.meta.url)),
      logger: { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
    });
    for (const file of files) {
      await assert.rejects(Worker.runReplayHistory({ workflowBundle }, await readHistory(file)), (error) => {
        assert.ok(error instanceof DeterminismViolationError, `${file}: ${String(error)}`);
        return true;
      });
    }
  });
});
