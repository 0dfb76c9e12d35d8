/** The closed set of refusals that callers can meet; src/http maps each to one HTTP status. */
export type AppErrorKind =
  | 'malformed'
  | 'unauthorized'
  | 'unknown'
  | 'taken'
  | 'conflict'
  | 'window_closed'
  | 'unknown_status'
  | 'invalid'
  | 'too_many'
  | 'unavailable';

export type FieldProblem = { field: string; message: string };

/** A refusal that the caller can understand and act upon; its message says what happened to which id and what to do. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly kind: AppErrorKind;
  readonly problems: FieldProblem[];

  constructor(kind: AppErrorKind, message: string, options: ErrorOptions & { problems?: FieldProblem[] } = {}) {
    super(message, options);
    this.kind = kind;
    this.problems = options.problems ?? [];
  }
}

/** Why the program does not start, said to the person who starts it; no stack trace is needed. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

/** The code by which Node, undici or Postgres tells one error from another, such as `ECONNREFUSED`; '' when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
