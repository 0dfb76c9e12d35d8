import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { StartupError } from './startup-error.ts';

// Below the range that systems hand out by themselves. Inside it, a client that keeps calling a server which is just
// restarting can be given the server's own port, connect to itself, and keep the server from coming back.
const FREE_PORTS = { from: 20_000, to: 32_768 };
const TRIES = 100;

/** Turns 0 into a free port and makes sure that any other port is free. `variable` is what the person would change. */
export async function claimPort(port: number, use: { what: string; variable: string }): Promise<number> {
  if (port === 0) return findFreePort();
  try {
    await listenOnce(port);
    return port;
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const problem = isTaken
      ? 'is already in use. Stop the program that holds it, or choose'
      : 'cannot be opened. Choose';
    throw new StartupError(
      `Port ${port} for ${use.what} ${problem} another port with ${use.variable} (0 = any free port).`,
      { cause },
    );
  }
}

async function findFreePort(): Promise<number> {
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

function listenOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve()));
  });
}
