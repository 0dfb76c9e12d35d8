import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ConversionStory } from '../../src/stories/conversion-story.ts';
import { commandLineOf } from '../../src/dev/embedded/process-identity.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { startTcpServer, type LocalServer } from '../support/local-server.ts';
import { call } from '../support/network-over-http.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { temporaryFolder } from '../support/servers.ts';

describe('a start of the program', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let stranger: LocalServer;

  before(async () => {
    database = await createTestDatabase();
    stranger = await startTcpServer(() => undefined);
  });

  after(async () => {
    await stranger.close();
    await database.db.destroy();
  });

  it('needs nothing but an empty folder, shows how to use it, and leaves no process behind', async () => {
    const dataDir = temporaryFolder();
    const program = await startEmbedded(dataDir);
    const curls = await curlLinesOf(program);
    assert.equal(curls.length, 3);
    const { conversion_id: conversionId, status } = await runInShell(curls);
    assert.equal(status, 'approved');
    // The last line waits for it, but not for ever.
    const delivered = await eventually(async () => {
      const { postbacks } = await storyAt(program, curls, conversionId);
      assert.deepEqual(
        postbacks.map(({ state, partner_id }) => ({ state, partner_id })),
        [{ state: 'delivered', partner_id: 'demopartner' }],
      );
      return postbacks;
    });

    const servers = serverPidsIn(dataDir);
    assert.ok(
      servers.every((pid) => commandLineOf(pid).includes(dataDir)),
      servers.join(),
    );
    assert.deepEqual(await program.kill('SIGINT'), { code: 0, signal: null });
    assert.deepEqual(servers.map(commandLineOf), ['', '']);

    const again = await startEmbedded(dataDir);
    assert.deepEqual(await curlLinesOf(again).then(keysIn), keysIn(curls));
    assert.deepEqual((await storyAt(again, curls, conversionId)).postbacks, delivered);
    await again.kill('SIGINT');
  });

  it('names the port it has chosen itself wherever it names its address', async () => {
    const options = { roles: ['api' as const], databaseUrl: database.url, temporalAddress: '127.0.0.1:1' };
    const program = await startProcess({ ...options, env: { PORT: '0' } });
    const { port } = new URL(program.publicUrl);
    const { servers } = JSON.parse((await call(`${program.publicUrl}/openapi.json`)).body) as { servers: object[] };
    assert.deepEqual(servers, [{ url: `http://localhost:${port}` }]);
    assert.ok((await call(`${program.publicUrl}/docs`)).body.includes(`http://localhost:${port}/`));
    await program.stop();
  });

  it('fails with one line that names the setting of a port which is taken', async () => {
    const options = { roles: ['api' as const], databaseUrl: database.url, temporalAddress: '127.0.0.1:1' };
    for (const setting of ['PORT', 'OPS_PORT']) {
      await assert.rejects(startProcess({ ...options, env: { [setting]: String(stranger.port) } }), {
        message: `The program ended with exit code 1:\n${setting}: 127.0.0.1:${stranger.port} is taken by another program. Stop it, or set ${setting} to a free port.`,
      });
    }
  });

  it('fails in production with a message that names all that is missing', async () => {
    const env = { NODE_ENV: 'production', ADMIN_API_KEY: '', LEAD_SECRET: '' };
    await assert.rejects(startProcess({ env }), (error: Error) => {
      assert.match(error.message, /^The program ended with exit code 1:\nIn production these must be set: /);
      for (const name of ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'ADMIN_API_KEY', 'LEAD_SECRET', 'PUBLIC_URL']) {
        assert.ok(error.message.includes(name), error.message);
      }
      return true;
    });
  });
});

/** With nothing given but its folder and ports that nobody else has. */
function startEmbedded(dataDir: string): Promise<RunningProgram> {
  const ports = { POSTGRES_PORT: '0', TEMPORAL_PORT: '0', TEMPORAL_UI_PORT: '0', DEMO_RECEIVER_PORT: '0' };
  const nothing = { ADMIN_API_KEY: '', LEAD_SECRET: '', POSTBACK_ALLOW_CIDRS: '' };
  return startProcess({ env: { DATA_DIR: dataDir, ...ports, ...nothing } });
}

/** The lines of the banner that a person is to paste. */
async function curlLinesOf(program: RunningProgram): Promise<string[]> {
  await eventually(() =>
    assert.ok(
      program.logs().some((line) => line.startsWith('Ctrl-C')),
      'not yet',
    ),
  );
  return program.logs().filter((line) => line.includes('curl -s '));
}

async function runInShell(lines: string[]): Promise<ConversionStory> {
  const { stdout } = await promisify(execFile)('sh', ['-c', lines.join('\n')]);
  // The story is the last of three answers, and the only one that is spread over lines.
  return JSON.parse(stdout.slice(stdout.indexOf('{\n'))) as ConversionStory;
}

function keysIn(lines: string[]): (string | undefined)[] {
  return lines.map((line) => /token=[^"]+|Bearer [^']+/.exec(line)?.[0]);
}

async function storyAt(program: RunningProgram, curls: string[], conversionId: string): Promise<ConversionStory> {
  const authorization = /Bearer [^']+/.exec(curls.join('\n'))?.[0] ?? '';
  const { body } = await call(`${program.opsUrl}/v1/admin/conversions/${conversionId}`, { headers: { authorization } });
  return JSON.parse(body) as ConversionStory;
}

function serverPidsIn(dataDir: string): number[] {
  return [join('postgres', 'data', 'postmaster.pid'), 'temporal.pid'].map((file) =>
    Number.parseInt(readFileSync(join(dataDir, file), 'utf8'), 10),
  );
}
