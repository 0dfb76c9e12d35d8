import { pauseUnlessAborted } from '../../pause.ts';

type Server = { stop(): Promise<void> };

export type SuperviseOptions<S extends Server> = {
  name: string;
  /** `former` is the server that has ended: the next one takes its ports, or nobody would find it. */
  start: (former: S | undefined, onExit: (message: string) => void) => Promise<S>;
  onProgress: (line: string) => void;
  /** It cannot be kept running; the message is for people. */
  onGivingUp: (message: string) => void;
  /** The first pause before it is started again, 250 ms when left out. */
  firstPauseMs?: number;
};

export type Supervised<S extends Server> = {
  /** The first one. Its successors have its ports and its files. */
  first: S;
  stop(): Promise<void>;
};

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2000;
const MAX_FAILED_STARTS = 4;
// A server that has run for so long ended for a new reason, and not for the one it could not start for.
const STEADY_MS = 60_000;

/**
 * Starts a server, and starts it again whenever it ends without having been asked to, after pauses that grow while it does not
 * run steadily. It gives up only when it cannot be started, several times in a row: one that starts may be killed as often as
 * anybody likes.
 */
export async function supervise<S extends Server>(options: SuperviseOptions<S>): Promise<Supervised<S>> {
  const { name, start, onProgress, onGivingUp, firstPauseMs = FIRST_PAUSE_MS } = options;
  const stopping = new AbortController();
  let troubles = 0;
  let startedAt = Date.now();
  let restarting: Promise<void> | undefined;
  const first = await start(undefined, onExit);
  let current: S = first;

  return {
    first,
    async stop() {
      stopping.abort();
      await restarting;
      await current.stop();
    },
  };

  function onExit(message: string): void {
    if (stopping.signal.aborted) return;
    if (Date.now() - startedAt > STEADY_MS) troubles = 0;
    onProgress(`${message}. It is started again.`);
    restarting = restart(message);
  }

  async function restart(reason: string): Promise<void> {
    let last = reason;
    for (let failedStarts = 0; failedStarts < MAX_FAILED_STARTS; failedStarts++) {
      const pauseMs = Math.min(firstPauseMs * 2 ** troubles++, LONGEST_PAUSE_MS);
      await pauseUnlessAborted(pauseMs, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        startedAt = Date.now();
        current = await start(current, onExit);
        return;
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
        onProgress(`${name} could not be started again: ${last}`);
      }
    }
    onGivingUp(`${name} could not be kept running. ${last}`);
  }
}
