import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { readConfig } from '../../src/config.ts';
import { createAdvertiser } from '../../src/db/advertisers.ts';
import { connectDb } from '../../src/db/connect.ts';
import { hasPendingMigrations, migrate, rollBack } from '../../src/db/migrate.ts';
import { importsOnce } from '../../src/db/migrations/034-imports-once.ts';
import { importFiles } from '../../src/db/migrations/036-import-files.ts';
import { wordsCompared } from '../../src/db/migrations/034-words-compared.ts';
import { isLockHeld } from '../../src/db/sqlstate.ts';
import { createPartner } from '../../src/db/partners.ts';
import { createLog } from '../../src/log.ts';
import { migrateOnly } from '../../src/roles/program.ts';
import { eventually } from '../support/eventually.ts';
import { testPostgres } from '../support/servers.ts';

describe('migrations', () => {
  let url: string;
  let db: Knex;
  let other: Knex;

  beforeEach(async () => {
    const { createDatabase } = await testPostgres();
    url = await createDatabase();
    [db, other] = [1, 2].map(() => connectDb({ url, poolSize: 3, statementTimeoutMs: 5000 })) as [Knex, Knex];
  });

  afterEach(async () => {
    await Promise.all([db.destroy(), other.destroy()]);
  });

  /** Everything that migrations make, by name; knex keeps books in tables of its own. */
  async function readSchema(): Promise<string[]> {
    const { rows } = await db.raw<{ rows: { name: string }[] }>(
      `select relkind::text || ' ' || relname as name from pg_class
       where relnamespace = 'public'::regnamespace and relname not like 'knex_migrations%'
       union all
       select 'function ' || proname from pg_proc where pronamespace = 'public'::regnamespace
       order by name`,
    );
    return rows.map(({ name }) => name);
  }

  it('make the schema of an empty database, take it back without leaving anything, and make it again', async () => {
    assert.equal(await hasPendingMigrations(db), true);
    const applied = await migrate(db);
    assert.equal(applied[0], '001-lead-facts');
    assert.deepEqual(applied, applied.toSorted());
    assert.equal(await hasPendingMigrations(db), false);
    const schema = await readSchema();
    assert.ok(schema.includes('r lead_events') && schema.includes('r outbox'), schema.join(', '));

    await rollBack(db);
    assert.deepEqual(await readSchema(), []);
    assert.equal(await hasPendingMigrations(db), true);

    assert.deepEqual(await migrate(db), applied);
    assert.deepEqual(await readSchema(), schema);
  });

  it('are not taken back over payouts, as what was paid would be open again', async () => {
    await migrate(db);
    const { partner } = await createPartner(db, { name: 'Ann' });
    await db('payouts').insert({
      ...{ payout_id: 'p1', partner_id: partner.partner_id, currency: 'USD', upto: new Date() },
      ...{ amount: 500, lines: 1, reference: 'transfer 1' },
    });
    const schema = await readSchema();
    await assert.rejects(rollBack(db), /Payouts are recorded: 021-ledger cannot be taken back/);
    assert.deepEqual(await readSchema(), schema);
    assert.deepEqual(await db('payouts').pluck('payout_id'), ['p1']);
  });

  it('let nobody wait behind them for a table that somebody else is using, and are made when it is free', async () => {
    await migrate(db);
    await importFiles.down(db);
    await db('knex_migrations').where({ name: '036-import-files' }).delete();
    const reading = await other.transaction();
    try {
      await reading.raw('lock table imports in access share mode');
      await assert.rejects(migrate(db), isLockHeld);
    } finally {
      await reading.rollback();
    }
    assert.equal((await readSchema()).includes('i imports_dropping'), false);
    assert.deepEqual(await migrate(db), ['036-import-files']);
  });

  it('find again what was kept under a word with odd blanks or accents', async () => {
    await migrate(db);
    await wordsCompared.down(db);
    const { advertiser } = await createAdvertiser(db, { name: 'Bank' });
    const words = ['\t sale', 'sale\u00a0', 'ÉTÉ', 'e\u0301te', '\u2003', '', 'two  words', 'plain'];
    for (const word of words) {
      const raw = { method: 'GET', query: { status: word }, body: null };
      await db('status_calls').insert({ advertiser_id: advertiser.advertiser_id, word, raw, result: 'unknown_word' });
    }
    await wordsCompared.up(db);
    const kept = await db('status_calls')
      .orderBy('call_id')
      .select<{ word: string; result: string }[]>('word', 'result');
    assert.deepEqual(
      kept.map(({ word }) => word),
      ['sale', 'sale', 'été', 'éte', null, null, 'two  words', 'plain'],
    );
    assert.deepEqual(kept.map(({ result }) => result).slice(3, 6), ['unknown_word', 'malformed', 'malformed']);
  });

  it('leave files that were imported more than once as they are, and let none be from then on', async () => {
    await migrate(db);
    await importsOnce.down(db);
    const { advertiser } = await createAdvertiser(db, { name: 'Bank' });
    const common = { advertiser_id: advertiser.advertiser_id, source: 'ops', sha256: 'same', rows: 1, state: 'done' };
    const file = (importId: string, dryRun = false) => ({
      ...common,
      ...{ import_id: importId, dry_run: dryRun, ended_at: db.fn.now() },
    });
    await db('imports').insert([file('a'), file('b'), file('c', true), file('d', true)]);
    await importsOnce.up(db);
    assert.deepEqual(await db('imports').where({ is_again: true }).orderBy('import_id').pluck('import_id'), ['b', 'd']);
    await assert.rejects(db('imports').insert(file('e')), /imports_once/);
    await db('imports').insert([file('f', true), { ...file('g'), is_again: true }]);
  });

  it('compare an id in the same way in all tables, so that joins can use indexes', async () => {
    await migrate(db);
    const { rows } = await db.raw<{ rows: { column: string; collations: string[] }[] }>(
      `select a.attname as column, array_agg(distinct l.collname::text) as collations
       from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_collation l on l.oid = a.attcollation
       where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname like '%\\_id'
       group by a.attname`,
    );
    assert.ok(rows.some(({ column }) => column === 'conversion_id'));
    assert.deepEqual(
      rows.filter(({ collations }) => collations.length > 1),
      [],
    );
  });

  it('do nothing to a database that is up to date', async () => {
    await migrate(db);
    assert.deepEqual(await migrate(db), []);
  });

  it('are applied once when several processes start at the same time', async () => {
    const applied = await Promise.all([migrate(db), migrate(other), migrate(other)]);
    const names = applied.flat();
    assert.equal(names[0], '001-lead-facts');
    assert.deepEqual(names, [...new Set(names)]);
    assert.equal(await hasPendingMigrations(db), false);
  });

  it('may take longer than any other statement', async () => {
    const statementTimeoutMs = 50;
    const database = { ...readConfig({}).database, url, statementTimeoutMs };
    const obstacle = await other.transaction();
    await obstacle.raw('create table partners ()');
    const migrated = migrateOnly({ database }, createLog('silent'), new AbortController().signal);
    let outcome: unknown = 'under way';
    migrated.then(
      () => (outcome = 'done'),
      (error: unknown) => (outcome = error),
    );
    // It gives way to others after half a second and comes back.
    await eventually(async () => {
      const { rows } = await other.raw<{ rows: object[] }>(
        `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
         and query_start < clock_timestamp() - interval '0.2 s'`,
      );
      assert.ok(rows.length === 1 || outcome !== 'under way', 'no statement of it lasts that long');
    });
    assert.equal(outcome, 'under way');
    await obstacle.rollback();
    await migrated;
    assert.equal(await hasPendingMigrations(db), false);
  });

  it('can be made again after a process was killed while migrating', async () => {
    const obstacle = await other.transaction();
    await obstacle.raw('create table partners ()');
    const interrupted = assert.rejects(migrate(db));
    await eventually(async () => {
      const { rows } = await other.raw<{ rows: { pid: number }[] }>(
        `select pid from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and query like '%create table partners%'`,
      );
      assert.equal(rows.length, 1);
      await other.raw('select pg_terminate_backend(?)', [rows[0]?.pid ?? 0]);
    });
    await interrupted;
    await obstacle.rollback();
    assert.equal((await migrate(other))[0], '001-lead-facts');
  });
});
