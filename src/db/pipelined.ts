import type { Writable } from 'node:stream';
import type { Knex } from 'knex';

/** What takes raw statements with `:named` values: a database, a transaction of knex, or one that is pipelined. */
export type Asks = {
  raw<Answer>(
    sql: string,
    values: Readonly<Record<string, unknown>>,
  ): {
    /** By its name it is planned once for each connection, as `prepared` says. */
    options(options: { name: string }): PromiseLike<Answer>;
  };
};

/** Of pg, beneath knex. */
type Connection = {
  connection: { stream: Pick<Writable, 'cork' | 'uncork'> };
  query(
    query: { text: string; values: unknown[]; name?: string },
    answer: (error: Error | null, result: unknown) => void,
  ): void;
};

/**
 * Runs `work` in a transaction whose statements go out as soon as they are asked for. BEGIN goes along with the first of
 * them, and COMMIT along with the last: a round trip costs a busy process more than a short statement costs Postgres.
 * Should a statement fail, Postgres refuses those behind it, and makes a ROLLBACK of the COMMIT.
 *
 * @param lockWithinMs how long a statement waits for what somebody else has locked, before it fails; as the connection has
 *   it when left out
 * @param work calls `commit` when it has asked for the last statement, and waits for the answers to both. Without that the
 *   transaction is committed when `work` ends
 */
export async function inPipelinedTransaction<T>(
  db: Knex,
  { lockWithinMs }: { lockWithinMs?: number },
  work: (trx: Asks, commit: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const client = db.client as Knex.Client;
  const connection = (await client.acquireConnection()) as Connection;
  let ended: Promise<void> | undefined;
  const end = (how: 'commit' | 'rollback') => (ended ??= send<void>(connection, { text: how, values: [] }));
  try {
    const begin = lockWithinMs === undefined ? 'begin' : `begin; set local lock_timeout = ${lockWithinMs}`;
    const begun = send(connection, { text: begin, values: [] });
    const [result] = await Promise.all([work(askOver(connection), () => end('commit')), begun]);
    await end('commit');
    return result;
  } catch (error) {
    // Whoever used the connection next would be in this transaction. If it is broken, nobody will.
    await end('rollback').catch(doNothing);
    throw error;
  } finally {
    await client.releaseConnection(connection);
  }
}

/** Each statement is sent when it is asked for, not when somebody waits for its answer. */
function askOver(connection: Connection): Asks {
  return {
    raw<Answer>(sql: string, values: Readonly<Record<string, unknown>>) {
      const { text, names } = numbered(sql, values);
      const numberedValues = names.map((name) => values[name]);
      return { options: ({ name }) => send<Answer>(connection, { name, text, values: numberedValues }) };
    },
  };
}

function send<Answer>(connection: Connection, query: Parameters<Connection['query']>[0]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    gatherWrites(connection);
    connection.query(query, (error, result) => (error ? reject(error) : resolve(result as Answer)));
  });
}

/** What is asked for in one turn goes out in one write, so that Postgres is woken once. */
function gatherWrites({ connection: { stream } }: Connection): void {
  stream.cork();
  process.nextTick(() => stream.uncork());
}

type Numbered = { text: string; names: string[] };

const numberedTexts = new Map<string, Numbered>();

/**
 * The text as Postgres wants it, with a number for each time that a name stands in it: knex does so too, and behind the name
 * of a prepared statement a connection must always find the same text. There are as many texts as statements in the source.
 */
function numbered(sql: string, values: Readonly<Record<string, unknown>>): Numbered {
  const known = numberedTexts.get(sql);
  if (known) return known;
  const names: string[] = [];
  const text = sql.replace(/(?<!:):([a-z]\w*)/gi, (given, name: string) => {
    if (!Object.hasOwn(values, name)) return given;
    return `$${names.push(name)}`;
  });
  numberedTexts.set(sql, { text, names });
  return { text, names };
}

function doNothing(): void {
  // Nothing is left to be done.
}
