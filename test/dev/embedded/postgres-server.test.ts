import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgresServer } from '../../../src/dev/embedded/postgres-server.ts';
import { commandLineOf } from '../../../src/dev/embedded/process-identity.ts';
import { StartupError } from '../../../src/errors.ts';
import { startTcpServer } from '../../support/local-server.ts';
import { startPrivatePostgres, stopAtEnd, temporaryFolder } from '../../support/servers.ts';

describe('the embedded Postgres', () => {
  // Making a cluster takes most of a second, so these tests go on with one; each leaves it stopped.
  let dir: string;
  before(async () => {
    const server = await startPrivatePostgres();
    dir = server.dir;
    await server.stop();
  });

  it('keeps what was committed over a stop and over kill -9', async () => {
    const first = await startPrivatePostgres({ dir });
    await query(first.url, 'create table kept (word text)');
    await query(first.url, "insert into kept values ('stopped')");
    await first.stop();

    const second = await startPrivatePostgres({ dir, port: first.port });
    assert.equal(second.url, first.url);
    await query(second.url, "insert into kept values ('killed')");
    await second.kill('SIGKILL');

    const third = await startPrivatePostgres({ dir, port: first.port });
    const kept = await query(third.url, 'select word from kept order by word');
    assert.deepEqual(kept, [{ word: 'killed' }, { word: 'stopped' }]);
    await third.stop();
  });

  it('writes to disk before it answers and lets nobody in without the password', async () => {
    const server = await startPrivatePostgres({ dir });
    for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes']) {
      assert.deepEqual(await query(server.url, `show ${setting}`), [{ [setting]: 'on' }]);
    }
    assert.deepEqual(await query(server.url, 'show listen_addresses'), [{ listen_addresses: '127.0.0.1' }]);
    assert.equal(statSync(join(dir, 'postgres', 'password')).mode & 0o777, 0o600);
    const wrong = Object.assign(new URL(server.url), { password: 'wrong' }).href;
    await assert.rejects(query(wrong, 'select 1'), /password authentication failed/);
    await server.stop();
  });

  it('stops the Postgres of a run that was killed, and goes on with its data', async () => {
    const { run, url, pid } = await startInOtherProcess(dir);
    stopAtEnd(pid, 'SIGQUIT');
    await query(url, 'create table left_behind ()');
    run.kill('SIGKILL');
    assert.notEqual(commandLineOf(pid), '', 'the server outlives the program that started it');

    const server = await startPrivatePostgres({ dir, port: Number(new URL(url).port) });
    assert.equal(commandLineOf(pid), '');
    assert.deepEqual(await query(server.url, 'select count(*)::int from left_behind'), [{ count: 0 }]);
    await server.stop();
  });

  it('leaves a stranger alone that got the process id of a killed Postgres', async () => {
    const killed = await startPrivatePostgres({ dir });
    await killed.kill('SIGKILL');
    const stranger = spawn('sleep', ['60']);
    const pidFile = join(dir, 'postgres', 'data', 'postmaster.pid');
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    writeFileSync(pidFile, [String(stranger.pid), ...lines.slice(1)].join('\n'));

    const next = await startPrivatePostgres({ dir });
    assert.equal(stranger.exitCode ?? stranger.signalCode, null);
    stranger.kill();
    await next.stop();
  });

  it('names the port and the variable when the port is in use', async () => {
    const { port, close } = await startTcpServer(() => undefined);
    await assert.rejects(startPostgresServer({ dataDir: dir, port }), (error) => {
      assert.ok(error instanceof StartupError);
      assert.match(error.message, new RegExp(`Port ${port} for Postgres is already in use.*POSTGRES_PORT`));
      return true;
    });
    await close();
  });

  it('says so when the data is of another version of Postgres', async () => {
    const file = join(dir, 'postgres', 'data', 'PG_VERSION');
    const version = readFileSync(file);
    writeFileSync(file, '12\n');
    await assert.rejects(startPrivatePostgres({ dir }), /is of Postgres 12, .* begin anew/);
    writeFileSync(file, version);
  });

  it('sets up its files anew when the first attempt was interrupted', async () => {
    const dataDir = temporaryFolder();
    const draft = join(dataDir, 'postgres', 'data.new');
    mkdirSync(draft, { recursive: true });
    writeFileSync(join(draft, 'PG_VERSION'), readFileSync(join(dir, 'postgres', 'data', 'PG_VERSION')));
    const server = await startPrivatePostgres({ dir: dataDir });
    assert.deepEqual(await query(server.url, 'select 1 as one'), [{ one: 1 }]);
    await server.stop();
  });

  it('tells at once when it ends without having been asked to', async () => {
    const told = await new Promise<string>((resolve, reject) => {
      startPostgresServer({ dataDir: dir, port: 0, onExit: resolve }).then(
        ({ pid }) => process.kill(pid, 'SIGQUIT'),
        reject,
      );
    });
    assert.match(told, /^Postgres ended unexpectedly \(.+\); see .+log$/);
  });

  if (process.getuid?.() === 0) {
    it('as root, finds its data again although user postgres cannot reach the data folder', async () => {
      const [dataDir, systemDir] = [temporaryFolder(), temporaryFolder()];
      chmodSync(dataDir, 0o700);
      const lines: string[] = [];
      const options = { dataDir, systemDir, port: 0, onProgress: (line: string) => lines.push(line) };

      const first = await startPostgresServer(options);
      stopAtEnd(first.pid, 'SIGQUIT');
      await query(first.url, 'create table kept ()');
      await first.stop();
      const folder = readlinkSync(join(dataDir, 'postgres'));
      assert.ok(folder.startsWith(systemDir) && existsSync(join(folder, 'data')));
      assert.ok(lines.some((line) => line.includes(folder)));

      const second = await startPostgresServer(options);
      stopAtEnd(second.pid, 'SIGQUIT');
      assert.deepEqual(await query(second.url, 'select count(*)::int from kept'), [{ count: 0 }]);
      await second.stop();
    });
  }
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function startInOtherProcess(
  dataDir: string,
): Promise<{ run: ReturnType<typeof spawn>; url: string; pid: number }> {
  const program = `
    const { startPostgresServer } = await import(${JSON.stringify(new URL('../../../src/dev/embedded/postgres-server.ts', import.meta.url).href)});
    const { url, pid } = await startPostgresServer({ dataDir: ${JSON.stringify(dataDir)}, port: 0 });
    console.log(JSON.stringify({ url, pid }));
    setInterval(() => {}, 1000);`;
  const run = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    run.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    run.once('exit', () => reject(new Error('the other program ended before its Postgres was up')));
  });
  return { run, ...(JSON.parse(line) as { url: string; pid: number }) };
}
