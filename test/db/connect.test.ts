import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import {
  checkClickPool,
  connectClickPool,
  connectDb,
  connectReadingDb,
  connectRelayDb,
  connectStatusDb,
} from '../../src/db/connect.ts';
import { testPostgres } from '../support/servers.ts';

describe('connections to Postgres', () => {
  const statementTimeoutMs = 1000;
  let url: string;
  let db: Knex;

  before(async () => {
    url = await (await testPostgres()).createDatabase();
    db = connectDb({ url, poolSize: 2, statementTimeoutMs: 5000 });
  });

  after(() => db.destroy());

  it('keep no lock for a transaction that its process has forgotten', async () => {
    const { rows } = await db.raw<{ rows: object[] }>('show idle_in_transaction_session_timeout');
    assert.deepEqual(rows, [{ idle_in_transaction_session_timeout: '10s' }]);
  });

  it('of clicks wait for a lock only for a moment', async () => {
    const pool = connectClickPool({ url, statementTimeoutMs });
    const { rows } = await pool.query(
      "select current_setting('lock_timeout') as lock, current_setting('enable_nestloop') as loop",
    );
    assert.deepEqual(rows, [{ lock: '100ms', loop: 'off' }]);
    await pool.end();
  });

  it('of clicks give a statement up before its visitors stop waiting, however patient others are', async () => {
    const pool = connectClickPool({ url, statementTimeoutMs: 60_000 });
    const { rows } = await pool.query("select current_setting('statement_timeout') as longest");
    assert.deepEqual(rows, [{ longest: '1500ms' }]);
    await pool.end();
    const silent = connectClickPool({ url, statementTimeoutMs });
    await silent.query('set statement_timeout = 0');
    await assert.rejects(silent.query('select pg_sleep(5)'), /Query read timeout/);
    assert.equal(silent.totalCount, 0, 'the connection is not used again');
    await silent.end();
  });

  it('of stories are fewer than those of statuses, which nobody waits for longer than two seconds', async () => {
    const poolOf = (given: Knex) => (given.client as { pool: { max: number } }).pool.max;
    for (const [poolSize, forReading] of [
      [1, 1],
      [2, 1],
      [10, 4],
      [500, 167],
    ] as const) {
      const options = { url, poolSize, statementTimeoutMs: 60_000 };
      const [statuses, reading] = [connectStatusDb(options), connectReadingDb(options)];
      assert.deepEqual([statuses, reading].map(poolOf), [poolSize, forReading]);
      const { rows } = await statuses.raw<{ rows: object[] }>('show statement_timeout');
      assert.deepEqual(rows, [{ statement_timeout: '2s' }]);
      await Promise.all([statuses, reading].map((each) => each.destroy()));
    }
  });

  it('of statuses look each row of a batch up by an index, whatever the statistics say', async () => {
    const statuses = connectStatusDb({ url, poolSize: 1, statementTimeoutMs });
    const { rows } = await statuses.raw<{ rows: { name: string; setting: string }[] }>(
      `select name, setting from pg_settings
       where name in ('enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'plan_cache_mode') order by name`,
    );
    assert.deepEqual(
      rows.map(({ setting }) => setting),
      ['off', 'off', 'off', 'force_generic_plan'],
    );
    await statuses.destroy();
  });

  it('of a relay do not wait for the disk, those of everybody else do', async () => {
    const options = { url, poolSize: 1, statementTimeoutMs };
    const pools = [connectRelayDb(options), connectDb(options), connectStatusDb(options), connectReadingDb(options)];
    const read = (each: Knex) => each.raw<{ rows: object[] }>('show synchronous_commit').then(({ rows }) => rows[0]);
    assert.deepEqual(await Promise.all(pools.map(read)), [
      { synchronous_commit: 'off' },
      ...[1, 2, 3].map(() => ({ synchronous_commit: 'on' })),
    ]);
    await Promise.all(pools.map((each) => each.destroy()));
  });

  describe('whose answers do not come', () => {
    let silent: Knex;

    beforeEach(() => {
      silent = connectDb({ url, poolSize: 1, statementTimeoutMs });
    });

    afterEach(() => silent.destroy());

    it('are given up, and not used again', async () => {
      await silent.raw('set statement_timeout = 0');
      await assert.rejects(silent.raw('select pg_sleep(5)'), /Query read timeout/);
      await silent.raw('select 1');
    });

    it('are given up in a transaction too', async () => {
      const transaction = silent.transaction(async (trx) => {
        await trx.raw('set local statement_timeout = 0');
        await trx.raw('select pg_sleep(5)');
      });
      await assert.rejects(transaction, /not queryable/);
      await silent.raw('select 1');
    });
  });

  it('are not ready for clicks where nothing can be committed', async () => {
    const readOnlyUrl = await (await testPostgres()).createDatabase();
    const name = new URL(readOnlyUrl).pathname.slice(1);
    const pool = connectClickPool({ url: readOnlyUrl, statementTimeoutMs: 5000 });
    await checkClickPool(pool);
    await pool.end();
    await db.raw('alter database ?? set default_transaction_read_only = on', [name]);
    const readOnlyPool = connectClickPool({ url: readOnlyUrl, statementTimeoutMs: 5000 });
    await assert.rejects(checkClickPool(readOnlyPool), /read-only/);
    await readOnlyPool.end();
  });
});
