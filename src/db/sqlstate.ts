// What Postgres' error codes mean for us: https://www.postgresql.org/docs/current/errcodes-appendix.html

export const UNIQUE_VIOLATION = '23505';
export const FOREIGN_KEY_VIOLATION = '23503';

const DATA_EXCEPTION = '22';
const INTEGRITY_CONSTRAINT_VIOLATION = '23';
const INVALID_AUTHORIZATION = '28';
const INVALID_CATALOG_NAME = '3D';
const LOCK_NOT_AVAILABLE = '55P03';
const QUERY_CANCELED = '57014';
const DEADLOCK_DETECTED = '40P01';

/** The SQLSTATE of an error of Postgres; undefined for any other error. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** A value cannot be stored; the same statement with other values may succeed. */
export function isDataRefused(error: unknown): boolean {
  return isOfClass(error, DATA_EXCEPTION, INTEGRITY_CONSTRAINT_VIOLATION);
}

/** Somebody else holds a row of the statement; the same statement without that row may succeed. */
export function isBlocked(error: unknown): boolean {
  return [LOCK_NOT_AVAILABLE, QUERY_CANCELED, DEADLOCK_DETECTED].includes(sqlStateOf(error) ?? '');
}

/** Wrong user, password or database name: waiting does not help. */
export function isLoginRefused(error: unknown): boolean {
  return isOfClass(error, INVALID_AUTHORIZATION, INVALID_CATALOG_NAME);
}

function isOfClass(error: unknown, ...classes: string[]): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && classes.includes(state.slice(0, 2));
}
