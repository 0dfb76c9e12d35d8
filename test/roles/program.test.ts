import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { completeConfig, readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { startProgram } from '../../src/roles/program.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

const ADMIN_API_KEY = 'an admin key of the tests';

const HOUR_SECONDS = 60 * 60;

async function start() {
  const database = await createTestDatabase();
  const given = readConfig({ ROLES: 'api', HOST: '127.0.0.1', PORT: '0', OPS_PORT: '0', ADMIN_API_KEY });
  const config = completeConfig(given, { databaseUrl: database.url, leadSecrets: ['a secret of the tests'] });
  const program = await startProgram(config, createLog('silent'), new AbortController().signal);
  return { database, program };
}

describe('a program at work', () => {
  it('shows how far behind the counting of facts is', async () => {
    const { database, program } = await start();
    // No database of this run has facts of more than an hour before it was made, and this program has no relay. It was
    // made when the run began.
    const text = await (await fetch(`${program.opsUrl}/metrics`)).text();
    const seconds = Number(/^cashcat_counting_behind_seconds (\S+)$/m.exec(text)?.[1]);
    assert.ok(seconds >= HOUR_SECONDS && seconds < 24 * HOUR_SECONDS, text);
    await program.stop();
    await database.db.destroy();
  });
});

describe('a program that stops', () => {
  it('closes both listeners together, so that open requests of the one do not hold up the other', async () => {
    const { database, program } = await start();
    const open = await beginRequest(program.opsUrl);

    const stopped = program.stop();
    await eventually(() => assert.rejects(fetch(program.publicUrl ?? ''), { message: 'fetch failed' }));
    open.destroy();
    await stopped;
    await database.db.destroy();
  });

  /** A request of which the server waits for the body. */
  async function beginRequest(url: string) {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `POST /v1/admin/partners HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_API_KEY}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(String(answer), /^HTTP\/1\.1 100 /);
    return socket;
  }
});
