import knex, { type Knex } from 'knex';
import pg from 'pg';

export type DatabaseOptions = {
  url: string;
  poolSize: number;
  /** A statement that takes longer is ended by Postgres, so that no caller waits for ever. */
  statementTimeoutMs: number;
};

const CONNECT_TIMEOUT_MS = 3000;
const TIMESTAMPTZ = 1184;
const INT8 = 20;

// bigint holds minor units and counts, all far below 2^53; times are ISO 8601 UTC everywhere outside the database.
const types = {
  getTypeParser(oid: number, format?: string) {
    if (oid === INT8) return Number;
    if (oid === TIMESTAMPTZ) return (text: string) => new Date(text).toISOString();
    return pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown;
  },
};

const ignore = () => undefined;

/** Connects on first use. int8 is read as number, timestamptz as ISO 8601 text. */
export function connectDb({ url, poolSize, statementTimeoutMs }: DatabaseOptions): Knex {
  return knex({
    client: 'pg',
    connection: {
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: statementTimeoutMs,
      keepAlive: true,
      types,
    },
    pool: { min: 0, max: poolSize },
    acquireConnectionTimeout: CONNECT_TIMEOUT_MS,
    // Whoever queries gets the error and says what it means for him; knex would print it as well.
    log: { warn: ignore, error: ignore, deprecate: ignore, debug: ignore },
  });
}

/** The click path's own few connections: it must never queue behind reports, and it wants plans of its own. */
export function connectClickPool({ url, statementTimeoutMs }: Omit<DatabaseOptions, 'poolSize'>): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 3,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    // Where Postgres cannot even say that it took too long.
    query_timeout: statementTimeoutMs + 1000,
    keepAlive: true,
    // Arrays are estimated at ten rows; a nested loop over a batch of 256 would be quadratic.
    options: '-c enable_nestloop=off',
  });
  // An idle connection that breaks is replaced on next use; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/** @throws when the database does not answer */
export async function checkDb(db: Knex): Promise<void> {
  await db.raw('select 1');
}

/** @throws when a click could not be committed */
export async function checkClickPool(pool: pg.Pool): Promise<void> {
  await pool.query('select 1');
}
