import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { StartupError } from './errors.ts';

// Below the range that systems hand out by themselves. Inside it, a client that keeps calling a server which is just
// restarting can be given the server's own port, connect to itself, and keep the server from coming back.
const FREE_PORTS = { from: 20_000, to: 32_768 };
const TRIES = 100;

/** A port of the loopback that nobody listens on at this moment. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FREE_PORTS.from, FREE_PORTS.to);
    const isFree = await listenOnce(port).then(
      () => true,
      () => false,
    );
    if (isFree) return port;
  }
  throw new StartupError(`No free port was found between ${FREE_PORTS.from} and ${FREE_PORTS.to}.`);
}

/** Rejects when the port cannot be listened on. */
export function listenOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve()));
  });
}
