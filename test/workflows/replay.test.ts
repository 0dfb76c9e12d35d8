import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON, type History } from '@temporalio/common/lib/proto-utils.js';
import { Worker, bundleWorkflowCode } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { importNames } from '../histories/record-imports.ts';
import { pullNames } from '../histories/record-pulls.ts';
import { replayNames } from '../histories/record-replays.ts';
import { retentionNames } from '../histories/record-retention.ts';
import { shapeNames } from '../histories/shapes.ts';
import { testBundle } from '../support/temporal/bundle.ts';

const folder = fileURLToPath(new URL('../histories/', import.meta.url));
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .sort();
const ignore = () => undefined;

async function readHistory(file: string): Promise<History> {
  return historyFromJSON(JSON.parse(await readFile(folder + file, 'utf8')));
}

describe('replay of recorded workflows', function () {
  this.timeout(120_000);

  it('has a recording of every shape, which names no machine', async () => {
    for (const name of [...shapeNames, ...replayNames, ...importNames, ...pullNames, ...retentionNames]) {
      assert.ok(
        files.some((file) => file.startsWith(name)),
        `record ${name} with npm run record-histories`,
      );
    }
    for (const file of files) {
      const text = await readFile(folder + file, 'utf8');
      const identities = [...text.matchAll(/"identity": "([^"]*)"/g)].map((match) => match[1]);
      assert.deepEqual([...new Set(identities)].sort(), ['client', 'worker'], file);
      assert.ok(!/stackTrace|node_modules|file:/.test(text), file);
    }
  });

  for (const file of files) {
    it(`what is under way may go on: ${basename(file, '.json')}`, async () => {
      await Worker.runReplayHistory({ workflowBundle: await testBundle() }, await readHistory(file));
    });
  }

  it('a change that what is under way may not meet is caught', async () => {
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../support/temporal/changed-workflow/index.ts', import.meta.url)),
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
