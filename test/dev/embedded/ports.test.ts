import assert from 'node:assert/strict';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { claimPort } from '../../../src/dev/embedded/ports.ts';

const use = { what: 'Postgres', variable: 'POSTGRES_PORT' };

describe('a port for an embedded server', () => {
  let server: Server;
  let connection: Socket;

  before(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    connection = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await new Promise<void>((resolve) => connection.once('connect', resolve));
  });

  after(async () => {
    connection.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('that a program listens on is refused with what to do', async () => {
    const { port } = server.address() as AddressInfo;
    const message = `Port ${port} for Postgres is already in use. Stop the program that holds it, or choose another port with POSTGRES_PORT (0 = any free port).`;
    await assert.rejects(claimPort(port, use), { name: 'StartupError', message });
  });

  it('that somebody’s connection was given is refused as such, because no program is found that listens on it', async () => {
    const { localPort = 0 } = connection;
    const message = `Port ${localPort} for Postgres was given to a connection by the system. Wait until that has ended, which may take a minute, or choose another port with POSTGRES_PORT (0 = any free port).`;
    await assert.rejects(claimPort(localPort, use), { name: 'StartupError', message });
  });
});
