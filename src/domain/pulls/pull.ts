import type { SendError } from '../postbacks/send-error.ts';

export const pullFormats = ['auto', 'csv', 'json_lines', 'json'] as const;

/** What an export is agreed to be; `auto` is found out by its beginning, as with any file. */
export type PullFormat = (typeof pullFormats)[number];

export const pullStates = ['active', 'paused'] as const;

export type PullState = (typeof pullStates)[number];

export const pullResults = ['imported', 'unchanged', 'skipped', 'failed'] as const;

/**
 * How a pull ended; all but `imported` bring nothing. `unchanged`: the export is what was imported last, or has no rows.
 * `skipped`: the import before it was still under way, or its settings were changed while the file came.
 */
export type PullResult = (typeof pullResults)[number];

/** Why a pull brought nothing. */
export type PullProblem =
  | SendError
  | 'http_status'
  | 'redirect'
  | 'compressed'
  | 'broken_file'
  | 'headers_unreadable'
  | 'import_under_way'
  | 'settings_changed'
  | 'cancelled'
  | 'interrupted';

/** What came of a pull, or of an attempt of it; null where nothing did. */
export type PullAnswer = {
  httpStatus: number | null;
  problem: PullProblem | null;
  /** Of a redirect its target, of a broken file what is wrong with it, of an import its id. Hostile text. */
  detail: string | null;
};

const PASSING: readonly PullProblem[] = [
  'timeout',
  'connection_refused',
  'connection_failed',
  'dns_error',
  'bad_response',
  'interrupted',
];
const REQUEST_TIMEOUT = 408;
const TOO_MANY_REQUESTS = 429;

/** True for what may be over in a minute, so that another attempt makes sense before the next pull is due. */
export function mayPass({ problem, httpStatus }: PullAnswer): boolean {
  if (problem !== 'http_status') return problem !== null && PASSING.includes(problem);
  return httpStatus === REQUEST_TIMEOUT || httpStatus === TOO_MANY_REQUESTS || (httpStatus ?? 0) >= 500;
}

const MINUTE_MS = 60_000;
const LATEST_MS = 10 * MINUTE_MS;

/** How late the next pull may be before it counts as overdue; the Schedule itself spreads its times a little. */
export function overdueAfterMs(everyMinutes: number): number {
  return 2 * everyMinutes * MINUTE_MS + LATEST_MS;
}
