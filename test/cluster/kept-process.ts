import { pauseUnlessAborted } from '../../src/pause.ts';
import type { Journal } from './journal.ts';
import { noteProcess } from './leftovers.ts';

type Running = {
  pid: number;
  kill(signal: NodeJS.Signals): Promise<unknown>;
  /** Left out, an end that nobody asked for is not noticed. */
  exited?: Promise<unknown>;
};

/** A process that is always started again, as an orchestrator would. */
export type KeptProcess<R extends Running = Running> = {
  name: string;
  /** Undefined while it is down or starting. */
  running(): R | undefined;
  /** `kill -9`; it is started again at once, which nobody waits for. */
  kill(): Promise<void>;
  stop(signal: NodeJS.Signals): Promise<void>;
};

export type KeepOptions<R extends Running> = {
  name: string;
  folder: string;
  journal: Journal;
  start(): Promise<R>;
};

const RETRY_MS = 300;

/** Resolves when it runs for the first time. @throws what kept it from that */
export async function keepRunning<R extends Running>(options: KeepOptions<R>): Promise<KeptProcess<R>> {
  const { name, folder, journal } = options;
  const stopping = new AbortController();
  let running: R | undefined;
  let starting = startOnce();
  await starting;

  return {
    name,
    running: () => running,
    async kill() {
      const victim = running;
      running = undefined;
      await victim?.kill('SIGKILL');
      starting = startAgain();
    },
    async stop(signal) {
      stopping.abort();
      await starting;
      const last = running;
      running = undefined;
      await last?.kill(signal);
    },
  };

  async function startOnce(): Promise<void> {
    const started = await options.start();
    noteProcess(folder, started.pid);
    running = started;
    journal.add({ type: 'up', name });
    void started.exited?.then((how) => startWhenEnded(started, how));
  }

  async function startAgain(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        return await startOnce();
      } catch (error) {
        // What it needs may be away, too.
        journal.add({ type: 'ended', name, how: `at its start: ${String(error).slice(0, 300)}` });
        await pauseUnlessAborted(RETRY_MS, stopping.signal);
      }
    }
  }

  function startWhenEnded(ended: R, how: unknown): void {
    if (running !== ended) return;
    running = undefined;
    journal.add({ type: 'ended', name, how: JSON.stringify(how) });
    starting = startAgain();
  }
}
