import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { ADMIN_API_KEY, startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivateTemporal } from '../support/servers.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const guide = readFileSync(join(root, 'docs/operations.md'), 'utf8');

/** Blocks of the guide. Those marked `shell` need tools of Postgres that not every machine has, and are left out. */
function blocksOf(language: 'sh' | 'sql'): string[] {
  return [...guide.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);
}

describe('the lines of the operations guide', function () {
  this.timeout(180_000);
  let database: TestDatabase;
  let program: RunningProgram;
  let folder: string;
  let variables: Record<string, string>;

  before(async () => {
    const temporal = await startPrivateTemporal();
    database = await createTestDatabase();
    program = await startProcess({ databaseUrl: database.url, temporalAddress: temporal.address });
    // Relay and worker find Temporal a moment later.
    await eventually(async () => assert.equal((await fetch(`${program.opsUrl}/readyz`)).status, 200));
    folder = await mkdtemp(join(tmpdir(), 'cashcat-operations-'));
    const { opsUrl: OPS, publicUrl: PUBLIC } = program;
    variables = { OPS, PUBLIC, ADMIN_API_KEY, KEY: ADMIN_API_KEY, DATABASE_URL: database.url };
  });

  after(async () => {
    await program.stop();
    await database.db.destroy();
    await rm(folder, { recursive: true });
  });

  it('run one after the other as they stand, from an advertiser to a payout', async () => {
    const blocks = blocksOf('sh');
    assert.ok(blocks.length > 10);
    for (const block of blocks) {
      const cwd = block.startsWith('npm ') ? root : folder;
      const { stdout } = await run('sh', ['-ec', block], { env: { ...process.env, ...variables }, cwd });
      remember(stdout);
    }
    const words = await database.db('status_calls').orderBy('call_id').select<{ result: string }[]>('result');
    assert.deepEqual(words.map(({ result }) => result).slice(0, 2), ['recorded', 'recorded']);
    assert.deepEqual(await database.db('price_lists').count('* as lists'), [{ lists: 1 }]);
  });

  it('in SQL can be read by Postgres', async () => {
    const blocks = blocksOf('sql');
    assert.ok(blocks.length > 0);
    for (const block of blocks) await database.db.raw(block);
  });

  /** Ids and tokens of answers are variables of the lines that follow; conversion_id is also the name of a column. */
  function remember(answers: string): void {
    for (const [, name = '', value = ''] of answers.matchAll(/"(\w+_id|token)": ?"([^"]+)"/g)) {
      if (name !== 'conversion_id') variables[name.toUpperCase()] = value;
    }
    const clicked = /^location: .*[?&]click=([\w-]+)/im.exec(answers)?.[1];
    if (clicked) variables.CONVERSION_ID = clicked;
  }
});
