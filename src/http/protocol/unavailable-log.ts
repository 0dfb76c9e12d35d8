import type { Log } from '../../log.ts';

type Writer = Pick<Log, 'warn'>;

const INTERVAL_MS = 1000;
type LastNote = { at: number; leftOut: number };
const UNAVAILABLE = 'A request was answered with 503, because what it needs is not available.';
const NOT_READY = 'The process is not ready.';
const lastNotes = { [UNAVAILABLE]: new WeakMap<Writer, LastNote>(), [NOT_READY]: new WeakMap<Writer, LastNote>() };

/** Logs why a request is answered with 503. */
export function noteUnavailable(cause: unknown, log: Writer, now: number = performance.now()): void {
  noteOnceASecond(UNAVAILABLE, { cause, log, now });
}

/** Logs why whoever watches the process is told that it is not ready. */
export function noteNotReady(cause: unknown, log: Writer): void {
  noteOnceASecond(NOT_READY, { cause, log, now: performance.now() });
}

/**
 * During an outage each request fails for the same reason, so a log gets one line a second; `leftOut` counts the requests
 * between it and the line before.
 */
function noteOnceASecond(
  message: keyof typeof lastNotes,
  { cause, log, now }: { cause: unknown; log: Writer; now: number },
): void {
  const last = lastNotes[message].get(log);
  if (last && now - last.at < INTERVAL_MS) {
    last.leftOut++;
    return;
  }
  lastNotes[message].set(log, { at: now, leftOut: 0 });
  const leftOut = last?.leftOut ? { leftOut: last.leftOut } : {};
  log.warn({ err: cause, ...leftOut }, message);
}
