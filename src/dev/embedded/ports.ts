import { connect } from 'node:net';
import { StartupError } from '../../errors.ts';
import { findFreePort, listenOnce } from '../../free-port.ts';

/** Turns 0 into a free port and makes sure that any other port is free. `variable` is what the person would change. */
export async function claimPort(port: number, use: { what: string; variable: string }): Promise<number> {
  if (port === 0) return findFreePort();
  try {
    await listenOnce(port);
    return port;
  } catch (cause) {
    const problem = await explainFailure(port, cause);
    throw new StartupError(
      `Port ${port} for ${use.what} ${problem} another port with ${use.variable} (0 = any free port).`,
      { cause },
    );
  }
}

async function explainFailure(port: number, cause: unknown): Promise<string> {
  if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') return 'cannot be opened. Choose';
  return (await isListening(port))
    ? 'is already in use. Stop the program that holds it, or choose'
    : 'was given to a connection by the system. Wait until that has ended, which may take a minute, or choose';
}

/** Whether a server of this machine takes connections there. */
export async function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
