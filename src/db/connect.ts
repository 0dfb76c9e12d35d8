// How SQL is written in this folder:
// - knex's builder for plain reads and writes; what it cannot say is a fragment of `raw` with `:named` values.
// - `raw` with `:named` values for statements of several parts (CTEs, sums): one text, read from top to bottom.
// - `$1` for the click pool alone, which is pg without knex.
// Rows are snake_case. What the program uses itself is renamed to camelCase in the statement that reads it; records and
// reports that leave the program as JSON keep the names of their columns.
import knex, { type Knex } from 'knex';
import pg from 'pg';

export type DatabaseOptions = {
  url: string;
  poolSize: number;
  /** A statement that takes longer is ended by Postgres, so that no caller waits for ever. */
  statementTimeoutMs: number;
  /** False where a commit need not be on the disk when it is answered. */
  isCommitAwaited?: boolean;
  /** False where each statement waits for the one before it, so that what pg does for those that do not is in vain. */
  isPipelined?: boolean;
  /** Further settings of Postgres for each connection, as `-c name=value`. */
  settings?: string;
};

const SECOND_MS = 1000;
const CONNECT_TIMEOUT_MS = 3 * SECOND_MS;
// Where Postgres cannot even say that a statement took too long.
const ANSWER_GRACE_MS = SECOND_MS;
// What a forgotten transaction has locked, nobody else would ever free.
const IDLE_TRANSACTION_MS = 10 * SECOND_MS;
// An advertiser is answered within three seconds, so a statement or a connection gets two at most. What is silent for longer
// is given up, so that it does not hold its place when Postgres is back.
const STATUS_STATEMENT_MS = 2 * SECOND_MS;
const STATUS_ANSWER_GRACE_MS = 200;
const LOOK_UP_EACH_ROW =
  '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan';
// Heavy reading gets a third of the connections that statuses have.
const STATUSES_PER_READER = 3;
// One claims, one notes what is relayed, one gives back what could not be.
const RELAY_CONNECTIONS = 3;
// Two begin attempts and one ends them, each for many; one reads on, and notes how far they are.
const REPLAY_CONNECTIONS = 4;
// Each books rows of one file, and reads on meanwhile; the others take turns.
export const IMPORTS_AT_ONCE = 2;
const IMPORT_CONNECTIONS = 2 * IMPORTS_AT_ONCE;
// Files come in slowly, and each of their statements is short.
const RECEIVING_CONNECTIONS = 2;
// Two batches each of new leads, known leads and bots' visits in flight, and one for the look whether clicks can be stored.
// Traces of visits are written once a second by whichever is free.
const CLICK_CONNECTIONS = 7;
// A visitor is waiting for each row of a batch, and most rows are not what is locked.
const CLICK_LOCK_MS = 100;
// Nobody waits longer than two seconds for a click to be stored. A store that is silent is given up a little sooner, so that
// it is soon asked again.
const CLICK_STATEMENT_MS = 1500;
const CLICK_ANSWER_GRACE_MS = 200;
// Some fifty times what a step of counting takes.
const COUNTING_MS = 60 * SECOND_MS;
// Long enough for any migration, and below what a timer can hold.
const MIGRATION_MS = 24 * 60 * 60 * SECOND_MS;
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

// What is asked while another answer is on its way is sent at once: src/db/pipelined.ts. Knex by itself waits for each
// answer; it passes on what its own types do not name.
const PIPELINED = { pipeline: true };

const ignore = () => undefined;

type Patience = { connectTimeoutMs: number; answerGraceMs: number };

const PATIENT: Patience = { connectTimeoutMs: CONNECT_TIMEOUT_MS, answerGraceMs: ANSWER_GRACE_MS };

/** Connects on first use. int8 is read as number, timestamptz as ISO 8601 text. */
export function connectDb(
  { url, poolSize, statementTimeoutMs, isCommitAwaited = true, isPipelined = true, settings = '' }: DatabaseOptions,
  { connectTimeoutMs, answerGraceMs }: Patience = PATIENT,
): Knex {
  return knex({
    client: 'pg',
    connection: {
      connectionString: url,
      connectionTimeoutMillis: connectTimeoutMs,
      statement_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs + answerGraceMs,
      idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
      keepAlive: true,
      ...(isPipelined && PIPELINED),
      // To compile a plan takes longer than most of these statements, and Postgres guesses many of them to be long.
      options: `-c jit=off${isCommitAwaited ? '' : ' -c synchronous_commit=off'} ${settings}`,
      types,
    },
    pool: { min: 0, max: poolSize, afterCreate: endWhenUnanswered },
    acquireConnectionTimeout: connectTimeoutMs,
    // Whoever queries gets the error and says what it means here; knex would print it as well.
    log: { warn: ignore, error: ignore, deprecate: ignore, debug: ignore },
  });
}

/**
 * For what somebody at the public listener waits for: statuses, and the look for partners and offers not yet known. Each
 * row of a batch is looked up by an index, whatever the statistics say, and each statement is planned once.
 */
export function connectStatusDb(options: DatabaseOptions): Knex {
  const statementTimeoutMs = Math.min(options.statementTimeoutMs, STATUS_STATEMENT_MS);
  const patience = { connectTimeoutMs: STATUS_STATEMENT_MS, answerGraceMs: STATUS_ANSWER_GRACE_MS };
  return connectDb({ ...options, statementTimeoutMs, settings: LOOK_UP_EACH_ROW }, patience);
}

/** For stories, lists and figures: however many are asked for, no status waits for a connection that they hold. */
export function connectReadingDb(options: DatabaseOptions): Knex {
  return connectDb({ ...options, poolSize: Math.ceil(options.poolSize / STATUSES_PER_READER) });
}

/**
 * For the relay's claims and notes. They need not be on the disk before the relay goes on: when Postgres dies, what is lost
 * of them is claimed and relayed once more, and workflows drop a repeat.
 */
export function connectRelayDb(options: DatabaseOptions): Knex {
  return connectDb({ ...options, poolSize: RELAY_CONNECTIONS, isCommitAwaited: false });
}

/**
 * For what replays write and read: however much that is, no lead waits for a connection that they hold. Each row of a batch
 * is looked up by an index, whatever the statistics say, and each statement is planned once.
 */
export function connectReplayDb(options: Omit<DatabaseOptions, 'poolSize'>): Knex {
  const settings = '-c enable_seqscan=off -c enable_bitmapscan=off -c plan_cache_mode=force_generic_plan';
  return connectDb({ ...options, poolSize: REPLAY_CONNECTIONS, isPipelined: false, settings });
}

/**
 * For what imports read and book: however much that is, no lead and no caller waits for a connection that they hold. Each
 * row of a batch is looked up by an index: a plan that was made while a table was empty would else read all of it again and
 * again as it grows.
 */
export function connectImportDb(options: Omit<DatabaseOptions, 'poolSize'>): Knex {
  return connectDb({ ...options, poolSize: IMPORT_CONNECTIONS, settings: LOOK_UP_EACH_ROW });
}

/**
 * For the rows of files that are coming in. They need not be on the disk one by one: the commit that ends a file, on
 * another connection, takes all of them along.
 */
export function connectReceivingDb(options: Omit<DatabaseOptions, 'poolSize'>): Knex {
  return connectDb({ ...options, poolSize: RECEIVING_CONNECTIONS, isCommitAwaited: false });
}

/**
 * For counting behind the facts. What is lost of it when Postgres dies is counted again, and no click waits for a step that
 * takes long.
 */
export function connectCountingDb({ url }: Pick<DatabaseOptions, 'url'>): Knex {
  return connectDb({ url, poolSize: 1, statementTimeoutMs: COUNTING_MS, isCommitAwaited: false });
}

/** For comparing the whole ledger with what was settled, which takes longer than any answer may. */
export function connectLedgerDb({ url, statementTimeoutMs }: Omit<DatabaseOptions, 'poolSize'>): Knex {
  return connectDb({ url, poolSize: 1, statementTimeoutMs });
}

/** For the time of a migration, which takes as long as it takes. */
export function connectForMigration(url: string): Knex {
  return connectDb({ url, poolSize: 1, statementTimeoutMs: MIGRATION_MS });
}

type Callback = (error: Error | null, result?: unknown) => void;
type Connection = { query(query: unknown, callback: Callback): void; end(): Promise<void> };

/**
 * pg gives a query up but keeps its connection, on which everything after it waits for the same answer. knex would put
 * such a connection back into its pool.
 */
function endWhenUnanswered(connection: Connection, done: (error: null, connection: Connection) => void): void {
  const query = connection.query.bind(connection);
  connection.query = (given, callback) =>
    query(given, (error, result) => {
      if (error?.message !== 'Query read timeout') return callback(error, result);
      const answer = () => callback(error, result);
      connection.end().then(answer, answer);
    });
  done(null, connection);
}

/** The click path's own few connections: it must never queue behind reports, and it wants plans of its own. */
export function connectClickPool({ url, ...limits }: Omit<DatabaseOptions, 'poolSize'>): pg.Pool {
  const statementTimeoutMs = Math.min(limits.statementTimeoutMs, CLICK_STATEMENT_MS);
  const pool = new pg.Pool({
    connectionString: url,
    max: CLICK_CONNECTIONS,
    connectionTimeoutMillis: CLICK_STATEMENT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + CLICK_ANSWER_GRACE_MS,
    lock_timeout: CLICK_LOCK_MS,
    keepAlive: true,
    // Arrays are estimated at ten rows; a nested loop over a batch of 256 would be quadratic. Each statement is planned
    // once: planning it for each batch costs a third of its execution.
    options: '-c enable_nestloop=off -c plan_cache_mode=force_generic_plan',
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
  const { rows } = await pool.query<{ isReadOnly: boolean }>(
    `select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as "isReadOnly"`,
  );
  if (rows[0]?.isReadOnly !== false) {
    throw new Error('The database is read-only: point DATABASE_URL at a server that takes writes.');
  }
}
