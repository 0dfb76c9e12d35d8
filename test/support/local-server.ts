import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { certificate, privateKey } from './self-signed-certificate.ts';

export type LocalServer = { port: number; origin: string; connections: () => number; close: () => Promise<void> };

export function startHttpServer(listener: RequestListener): Promise<LocalServer> {
  return listen(http.createServer(listener), 'http');
}

export function startHttpsServer(listener: RequestListener): Promise<LocalServer> {
  return listen(https.createServer({ cert: certificate, key: privateKey }, listener), 'https');
}

/** A server that says whatever it likes, HTTP or not. */
export function startTcpServer(listener: (socket: Socket) => void): Promise<LocalServer> {
  return listen(net.createServer(listener), 'http');
}

/** A port on loopback where nobody listens. */
export async function findClosedPort(): Promise<number> {
  const server = await startTcpServer(() => undefined);
  await server.close();
  return server.port;
}

async function listen(server: Server, protocol: 'http' | 'https'): Promise<LocalServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function close(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  return { port, origin: `${protocol}://127.0.0.1:${port}`, connections: () => connections, close };
}
