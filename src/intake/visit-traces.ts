// What clicks looked like, for fraud flags. No answer waits for it, and a click costs next to nothing more: while there
// are many, only a sample of them is kept. What a crash or an outage takes is only a hint.
import type { VisitTrace } from '../db/fraud/visit-traces.ts';
import type { Log } from '../log.ts';
import { pauseUnlessAborted } from '../pause.ts';
import { householdOf } from '../subnets.ts';
import { createHmacSha256 } from './hmac.ts';

/** A click as it came; `address` and `userAgent` never go further than this file. */
export type Visit = Pick<VisitTrace, 'leadId' | 'conversionId' | 'partnerId' | 'byLink'> & {
  address: string | undefined;
  userAgent: string | undefined;
  /** The header Sec-Fetch-Dest. */
  destination: string | undefined;
};

export type VisitTraces = {
  /** @param look is called only for clicks that are kept */
  note(look: () => Visit): void;
  /** Writes what it has. */
  stop(): Promise<void>;
};

export type VisitTraceDeps = {
  write: (traces: VisitTrace[]) => Promise<void>;
  /** The keys of the days are derived from it. */
  secret: string;
  log: Pick<Log, 'debug'>;
  /** Between two writes; as many clicks as `most` are kept of each. */
  intervalMs?: number;
  most?: number;
  now?: () => number;
  random?: () => number;
};

const INTERVAL_MS = 1000;
// A thousand rows a second are noticed by nobody; a burst is still seen in a sample.
const MOST = 500;
const MAX_TEXT = 512;
const HASH_BYTES = 12;
const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_BYTES = 4 * MAX_TEXT;
// What a browser says of a click that is no page of its own; anything else it might say is not kept as it is.
const KNOWN_DESTINATIONS = new Set(
  'audio embed empty fencedframe font frame iframe image object paintworklet script style track video worker'.split(
    ' ',
  ),
);

/** Notes clicks and writes them once a second. */
export function createVisitTraces(deps: VisitTraceDeps): VisitTraces {
  const { write, log, intervalMs = INTERVAL_MS, most = MOST, now = Date.now, random = Math.random } = deps;
  const hash = createDailyHash(deps.secret);
  const stopping = new AbortController();
  let seen = 0;
  let kept: { visit: Visit; at: number }[] = [];
  const running = run();

  return {
    note(look) {
      // Each click of an interval is kept with the same chance, so that a flood does not crowd out the others.
      const place = seen++ < most ? kept.length : Math.floor(random() * seen);
      if (place < most) kept[place] = { visit: look(), at: now() };
    },
    async stop() {
      stopping.abort();
      await running;
      await writeKept();
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pauseUnlessAborted(intervalMs, stopping.signal);
      await writeKept();
    }
  }

  async function writeKept(): Promise<void> {
    const taken = kept;
    kept = [];
    seen = 0;
    if (taken.length === 0) return;
    try {
      await write(taken.map(toTrace));
    } catch (error) {
      // Its message may hold what was to be written.
      log.debug(
        { code: error instanceof Error && 'code' in error ? error.code : undefined },
        'Traces of visits are lost.',
      );
    }
  }

  function toTrace({ visit, at }: { visit: Visit; at: number }): VisitTrace {
    const { leadId, conversionId, partnerId, byLink, address = '', userAgent = '', destination } = visit;
    const day = Math.floor(at / DAY_MS);
    return {
      ...{ at: new Date(at), leadId, conversionId, partnerId, byLink },
      addressHash: hash(day, 'address', householdOf(address) ?? address),
      agentHash: hash(day, 'agent', userAgent),
      embedded: embeddedIn(destination),
    };
  }
}

/** Hashes of one day can be compared, those of two days cannot. */
function createDailyHash(secret: string): (day: number, what: string, text: string) => Buffer {
  const derive = createHmacSha256(secret, MAX_BYTES);
  let known: { day: number; sign: (text: string) => Buffer } | undefined;
  return (day, what, text) => {
    if (known?.day !== day) {
      known = { day, sign: createHmacSha256(derive(`visitor hashes of day ${day}`).toString('hex'), MAX_BYTES) };
    }
    return known.sign(`${what}:${text.slice(0, MAX_TEXT)}`).subarray(0, HASH_BYTES);
  };
}

function embeddedIn(destination: string | undefined): string | null {
  if (destination === undefined || destination === 'document') return null;
  return KNOWN_DESTINATIONS.has(destination) ? destination : 'other';
}
