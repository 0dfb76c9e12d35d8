import type { Knex } from 'knex';
import { saveProgress, type ReplayControl } from '../../src/db/replays/replay-turns.ts';
import { pauseUnlessAborted } from '../../src/pause.ts';
import type { Trail } from './trail.ts';

export type ReplayWatch = {
  /** What is asked for, and the partner's settings, as they were half a second ago at most. */
  control(): ReplayControl;
  /** Notes how far the turn is, and looks what is asked for now. */
  look(): Promise<void>;
  /** Aborted when no further postback is to be sent in this turn. */
  halted: AbortSignal;
  halt: () => void;
  /** Halts, and has `stop` throw this. */
  fail(error: unknown): void;
  /** Notes how far the turn has come. @throws what has failed meanwhile */
  stop(): Promise<void>;
};

type Watched = {
  db: Knex;
  replayId: string;
  turn: ReplayControl & { turn: number };
  trail: Trail;
  /** Called with each look. */
  onLook: (control: ReplayControl) => void;
};

const LOOK_MS = 500;

/** Keeps looking what a replay's partner asks for, and noting how far it is. */
export function watchReplay({ db, replayId, turn, trail, onLook }: Watched): ReplayWatch {
  const halting = new AbortController();
  const stopping = new AbortController();
  let control: ReplayControl = turn;
  let failure: { error: unknown } | undefined;
  let looking = Promise.resolve();
  let next: Promise<void> | undefined;

  const halt = () => halting.abort();
  const fail = (error: unknown) => {
    failure ??= { error };
    halt();
  };
  // One after the other, so that no older place is noted after a newer one; all who ask while one is under way share the next.
  const look = () => (next ??= looking.then(lookOnce).catch(fail));
  const watching = watch();

  return {
    control: () => control,
    look,
    halted: halting.signal,
    halt,
    fail,
    async stop() {
      halt();
      stopping.abort();
      await watching;
      await look();
      if (failure) throw failure.error;
    },
  };

  async function watch(): Promise<void> {
    for (;;) {
      await pauseUnlessAborted(LOOK_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      await look();
    }
  }

  async function lookOnce(): Promise<void> {
    looking = next ?? looking;
    next = undefined;
    const found = await saveProgress(db, { replayId, turn: turn.turn, ...trail.take() });
    if (found) {
      control = found;
      onLook(found);
    }
    // Without one, somebody else has taken the replay over.
    if (found?.asked !== 'run') halt();
  }
}
