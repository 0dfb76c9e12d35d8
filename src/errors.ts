/** The closed set of refusals that callers can meet; src/http maps each to one HTTP status. */
export type AppErrorKind =
  /** It cannot be read, or lacks what every such request has. */
  | 'malformed'
  /** The key or token is not one of ours. */
  | 'unauthorized'
  /** The key is one of ours, but its role may not do this. */
  | 'forbidden'
  /** There is nothing of this id, or it belongs to another tenant. */
  | 'unknown'
  /** The id that was asked for is in use. */
  | 'taken'
  /** It cannot be done with what is there, in the state it is in. */
  | 'conflict'
  /** R9: a status that came too late; it is kept. */
  | 'window_closed'
  /** A word for a status that we do not know; it is kept. */
  | 'unknown_status'
  /** It can be read, but a field has a value that we do not accept; `problems` names each. */
  | 'invalid'
  /** Settings cannot be saved as they are; `problems` names each field. */
  | 'invalid_settings'
  /** It holds more than is taken at once. */
  | 'too_large'
  /** The caller has to wait. */
  | 'too_many'
  /** It cannot be done now, because something of ours is away or slow; the same later may succeed. */
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

/** Refuses one value of what was given. @param message what the field must be, without its name */
export function refuseField(field: string, message: string, cause?: unknown): AppError {
  return new AppError('invalid', `${field}: ${message}`, { cause, problems: [{ field, message }] });
}

/** Why the program does not start, said to the person who starts it; no stack trace is needed. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

/** The code by which Node, undici or Postgres tells one error from another, such as `ECONNREFUSED`; '' when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
