import type { Log } from '../../log.ts';

type Writer = Pick<Log, 'warn'>;

const INTERVAL_MS = 1000;
const lastNotes = new WeakMap<Writer, { at: number; leftOut: number }>();

/**
 * Logs why a request is answered with 503. During an outage each request fails for the same reason, so a log gets one
 * line a second; `leftOut` counts the requests between it and the line before.
 */
export function noteUnavailable(cause: unknown, log: Writer, now: number = performance.now()): void {
  const last = lastNotes.get(log);
  if (last && now - last.at < INTERVAL_MS) {
    last.leftOut++;
    return;
  }
  lastNotes.set(log, { at: now, leftOut: 0 });
  const leftOut = last?.leftOut ? { leftOut: last.leftOut } : {};
  log.warn({ err: cause, ...leftOut }, 'A request was answered with 503, because what it needs is not available.');
}
