import { StartupError } from '../../errors.ts';
import { findFreePort, listenOnce } from '../../free-port.ts';

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
