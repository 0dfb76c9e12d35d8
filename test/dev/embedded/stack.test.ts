import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { startStack, type EmbeddedStack, type StackOptions } from '../../../src/dev/embedded/stack.ts';
import { birthOf, commandLineOf } from '../../../src/dev/embedded/process-identity.ts';
import { eventually } from '../../support/eventually.ts';
import { startTcpServer } from '../../support/local-server.ts';
import { temporaryFolder } from '../../support/servers.ts';

describe('the embedded stack', () => {
  let dataDir: string;
  before(() => {
    dataDir = temporaryFolder();
  });

  it('starts, stops and starts again with the same keys', async () => {
    const first = await start({ dataDir, postgres: false, temporal: false });
    await first.stop();
    const second = await start({ dataDir, postgres: false, temporal: false });
    await second.stop();

    assert.equal(second.adminApiKey, first.adminApiKey);
    assert.equal(second.leadSecret, first.leadSecret);
    assert.notEqual(first.adminApiKey, first.leadSecret);
    assert.ok(first.adminApiKey.length >= 32 && first.leadSecret.length >= 32);
    assert.equal(statSync(join(dataDir, 'keys.json')).mode & 0o777, 0o600);
  });

  it('runs Postgres and Temporal, and neither is left when it has stopped', async () => {
    const stack = await start({ dataDir });
    assert.equal(await databaseNameAt(stack), 'cashcat');
    assert.equal((await fetch(stack.temporalUiUrl ?? '')).status, 200);

    await Promise.all([stack.stop(), stack.stop()]);
    await assert.rejects(fetch(stack.temporalUiUrl ?? ''));
    await assert.rejects(databaseNameAt(stack), { code: 'ECONNREFUSED' });
  });

  it('refuses a second start on the same data folder and does not disturb the first', async () => {
    const first = await start({ dataDir, temporal: false });
    await assert.rejects(start({ dataDir, temporal: false }), (error: Error) =>
      error.message.startsWith(`Another Cashcat (process ${process.pid}) is already running on ${dataDir}`),
    );
    assert.equal(await databaseNameAt(first), 'cashcat');
    await first.stop();
  });

  it('leaves nothing running when one of the servers cannot start', async () => {
    const taken = await startTcpServer(() => undefined);
    await assert.rejects(
      start({ dataDir, temporalPort: taken.port }),
      new RegExp(`Port ${taken.port} .*TEMPORAL_PORT`),
    );
    assert.throws(() => statSync(join(dataDir, 'postgres', 'data', 'postmaster.pid')), { code: 'ENOENT' });
    await taken.close();
    const again = await start({ dataDir, temporal: false });
    await again.stop();
  });

  it('starts on a data folder whose last owner was killed, even when a stranger has got its process id', async () => {
    const gone = spawn('true');
    await once(gone, 'exit');
    for (const owner of [{ pid: gone.pid, birth: 'then' }, { pid: process.pid, birth: 'earlier' }, 'half a l']) {
      writeFileSync(join(dataDir, 'in-use-by.json'), JSON.stringify(owner).slice(0, 60));
      const stack = await start({ dataDir, postgres: false, temporal: false });
      await stack.stop();
    }
  });

  it('starts on a data folder whose last owner was killed, though nobody has taken note of its end', async () => {
    const { pid, birth, parent } = await startZombie();
    writeFileSync(join(dataDir, 'in-use-by.json'), JSON.stringify({ pid, birth }));
    const stack = await start({ dataDir, postgres: false, temporal: false });
    await stack.stop();
    parent.kill('SIGKILL');
  });

  it('keeps what it stores from other users of the machine', async () => {
    const folder = join(temporaryFolder(), 'new');
    const first = await start({ dataDir: folder, postgres: false });
    const store = () => readdirSync(folder).filter((name) => /^temporal-.*\.db/.test(name));
    const modes = () => store().map((name) => statSync(join(folder, name)).mode & 0o777);
    assert.ok(store().length >= 1);
    assert.deepEqual(new Set(modes()), new Set([0o600]));
    // User postgres has to pass through the folder of root.
    assert.equal(statSync(folder).mode & 0o777, process.getuid?.() === 0 ? 0o711 : 0o700);
    await first.stop();

    for (const name of store()) chmodSync(join(folder, name), 0o644);
    const second = await start({ dataDir: folder, postgres: false });
    assert.deepEqual(new Set(modes()), new Set([0o600]));
    await second.stop();
  });

  it('gives up a server that ended and cannot be started again, with a line for people', async () => {
    let onExit: (message: string) => void = assert.fail;
    const givenUp = new Promise<string>((resolve) => (onExit = resolve));
    const lines: string[] = [];
    const stack = await start({ dataDir, postgres: false, onExit, onProgress: (line) => lines.push(line) });
    const port = Number(stack.temporalAddress?.split(':')[1]);
    process.kill(Number(readFileSync(join(dataDir, 'temporal.pid'), 'utf8')), 'SIGKILL');
    // A stranger takes its port before it is back.
    const stranger = await eventually(() => listenOn(port));
    assert.match(
      await givenUp,
      new RegExp(`^Temporal could not be kept running. Port ${port} for Temporal is already in`),
    );
    assert.match(lines.join('\n'), /Temporal ended unexpectedly \(signal SIGKILL\).* It is started again\./);
    stranger.close();
    await stack.stop();
  });

  it('says which folder cannot be used, and which variable names another', async () => {
    const file = join(temporaryFolder(), 'a-file');
    writeFileSync(file, '');
    await assert.rejects(
      start({ dataDir: join(file, 'data') }),
      /data folder .*a-file\/data cannot be used: .*DATA_DIR/,
    );
  });
});

describe('the identity of a process', () => {
  it('is known for a living process and empty for one that is gone', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const pid = child.pid as number;
    assert.equal(birthOf(pid), birthOf(pid));
    assert.notEqual(birthOf(pid), birthOf(process.pid));
    assert.match(commandLineOf(pid), /sleep 60/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(birthOf(pid), '');
    assert.equal(commandLineOf(pid), '');
  });
});

async function listenOn(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** A process that has been killed and whose parent never asks how it ended. */
async function startZombie(): Promise<{ pid: number; birth: string; parent: ChildProcess }> {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  // The shell would still take note of its end; the program that has taken its place does not.
  await eventually(() => assert.match(commandLineOf(parent.pid as number), /^sleep/));
  const birth = birthOf(pid);
  assert.notEqual(birth, '');
  process.kill(pid, 'SIGKILL');
  await eventually(() => assert.equal(commandLineOf(pid), ''));
  process.kill(pid, 0);
  return { pid, birth, parent };
}

async function databaseNameAt(stack: EmbeddedStack): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  try {
    return (await client.query<{ name: string }>('select current_database() as name')).rows[0]?.name;
  } finally {
    await client.end();
  }
}

function start(options: Partial<StackOptions>): Promise<EmbeddedStack> {
  return startStack({
    dataDir: temporaryFolder(),
    postgres: true,
    temporal: true,
    postgresPort: 0,
    temporalPort: 0,
    temporalUiPort: 0,
    env: process.env,
    onProgress: () => {},
    onExit: (message) => assert.fail(message),
    ...options,
  });
}
