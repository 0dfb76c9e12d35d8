// What errors of Postgres and of the way to it mean for us.
// The codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
import { codeOf } from '../errors.ts';

/** Another row has this key already. */
export const UNIQUE_VIOLATION = '23505';
/** The row refers to one that is not there. */
export const FOREIGN_KEY_VIOLATION = '23503';

const LOCK_NOT_AVAILABLE = '55P03';
const QUERY_CANCELED = '57014';
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const READ_ONLY_SQL_TRANSACTION = '25006';
const NUMERIC_VALUE_OUT_OF_RANGE = '22003';
const CHARACTER_NOT_IN_REPERTOIRE = '22021';
const INVALID_PARAMETER_VALUE = '22023';
const INVALID_TEXT_REPRESENTATION = '22P02';
const UNTRANSLATABLE_CHARACTER = '22P05';
const PROGRAM_LIMIT_EXCEEDED = '54000';

// Whole classes, by the first two characters of their codes.
const CONNECTION_EXCEPTION = '08';
const DATA_EXCEPTION = '22';
const INTEGRITY_CONSTRAINT_VIOLATION = '23';
const INVALID_AUTHORIZATION = '28';
const INVALID_CATALOG_NAME = '3D';
const INSUFFICIENT_RESOURCES = '53';
const OPERATOR_INTERVENTION = '57';
const SYSTEM_ERROR = '58';

// What Node reports of a connection that cannot be made or has broken.
const SOCKET_ERRORS = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
];
// What pg and knex say without any code.
const AWAY_MESSAGE =
  /connection terminated|not queryable|query read timeout|timeout expired|timeout acquiring a connection|timeout exceeded when trying to connect|pool is (?:draining|probably full)/i;

/** The SQLSTATE of an error of Postgres; undefined for any other error. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = codeOf(error);
  // Each has a digit; EPIPE, as long, has none.
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The row is refused for its values or for other rows; the same statement with other values may succeed. */
export function isRowRefused(error: unknown): boolean {
  return isOfClass(error, DATA_EXCEPTION, INTEGRITY_CONSTRAINT_VIOLATION);
}

/** Text or a number that Postgres cannot take in any row: nothing of it has been stored. */
export function isUnstorableValue(error: unknown): boolean {
  return isOneOf(
    error,
    NUMERIC_VALUE_OUT_OF_RANGE,
    CHARACTER_NOT_IN_REPERTOIRE,
    INVALID_TEXT_REPRESENTATION,
    UNTRANSLATABLE_CHARACTER,
    PROGRAM_LIMIT_EXCEEDED,
  );
}

/** Of several rows one cannot be stored; without it the others may be. */
export function isBadRow(error: unknown): boolean {
  return isRowRefused(error) || isUnstorableValue(error);
}

/** Somebody else holds a row of the statement; the same statement without that row may succeed. */
export function isBlocked(error: unknown): boolean {
  return isOneOf(error, LOCK_NOT_AVAILABLE, QUERY_CANCELED, DEADLOCK_DETECTED);
}

/** Somebody else held a table or a row for longer than the statement may wait. */
export function isLockHeld(error: unknown): boolean {
  return isOneOf(error, LOCK_NOT_AVAILABLE);
}

/** The statement took longer than it may, or somebody has ended it. */
export function isCancelled(error: unknown): boolean {
  return isOneOf(error, QUERY_CANCELED);
}

/** Postgres does not take a parameter of a function, such as a time zone that it does not know. */
export function isParameterRefused(error: unknown): boolean {
  return isOneOf(error, INVALID_PARAMETER_VALUE);
}

/** Wrong user, password or database name: waiting does not help. */
export function isLoginRefused(error: unknown): boolean {
  return isOfClass(error, INVALID_AUTHORIZATION, INVALID_CATALOG_NAME);
}

/** The error says no more than that Postgres cannot be asked right now. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isDatabaseAway);
  return (
    isFatal(error) ||
    isOfClass(error, CONNECTION_EXCEPTION, INSUFFICIENT_RESOURCES, OPERATOR_INTERVENTION, SYSTEM_ERROR) ||
    isOneOf(error, LOCK_NOT_AVAILABLE, SERIALIZATION_FAILURE, DEADLOCK_DETECTED, READ_ONLY_SQL_TRANSACTION) ||
    SOCKET_ERRORS.includes(codeOf(error)) ||
    AWAY_MESSAGE.test(error.message)
  );
}

/** No answer came, because the connection broke or could not be made. An answer such as "cancelled" or "disk full" is one. */
export function isConnectionLost(error: unknown): boolean {
  if (!isDatabaseAway(error)) return false;
  return sqlStateOf(error) === undefined || isFatal(error) || isOfClass(error, CONNECTION_EXCEPTION);
}

/** Postgres ends a connection with it, for whatever reason. */
function isFatal(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && error.severity === 'FATAL';
}

function isOfClass(error: unknown, ...classes: string[]): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && classes.includes(state.slice(0, 2));
}

function isOneOf(error: unknown, ...states: string[]): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && states.includes(state);
}
