/** The closed set of refusals that callers can meet; src/http maps each to one HTTP status. */
export type AppErrorKind =
  | 'malformed'
  | 'unauthorized'
  | 'unknown'
  | 'taken'
  | 'window_closed'
  | 'unknown_status'
  | 'invalid'
  | 'too_many'
  | 'unavailable';

export type FieldProblem = { field: string; message: string };

/** A refusal that the caller can understand and act upon; its message says what happened to which id and what to do. */
export class AppError extends Error {
  readonly kind: AppErrorKind;
  readonly problems: FieldProblem[];

  constructor(kind: AppErrorKind, message: string, options: ErrorOptions & { problems?: FieldProblem[] } = {}) {
    super(message, options);
    this.name = 'AppError';
    this.kind = kind;
    this.problems = options.problems ?? [];
  }
}
