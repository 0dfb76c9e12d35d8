import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { connectDb } from '../../src/db/connect.ts';
import {
  isBlocked,
  isConnectionLost,
  isDatabaseAway,
  isLoginRefused,
  isRowRefused,
  isUnstorableValue,
  sqlStateOf,
} from '../../src/db/sqlstate.ts';
import { createTestDatabase } from '../support/database.ts';

const QUESTIONS = { isRowRefused, isUnstorableValue, isBlocked, isLoginRefused, isDatabaseAway, isConnectionLost };

type Meaning = keyof typeof QUESTIONS;

describe('an error of Postgres', () => {
  let db: Knex;
  let url: string;

  before(async () => {
    ({ db, url } = await createTestDatabase());
    await db.raw('create table things (id text primary key, size int check (size > 0), parent text references things)');
    await db('things').insert({ id: 'first', size: 1 });
  });

  after(() => db.destroy());

  async function errorOf(work: PromiseLike<unknown>): Promise<unknown> {
    try {
      await work;
    } catch (error) {
      return error;
    }
    return assert.fail('this should have failed');
  }

  function assertMeans(error: unknown, sqlState: string | undefined, meanings: Meaning[]): void {
    const found = Object.entries(QUESTIONS).flatMap(([name, ask]) => (ask(error) ? [name] : []));
    assert.deepEqual({ sqlState: sqlStateOf(error), meanings: found }, { sqlState, meanings }, String(error));
  }

  /** A statement in a transaction that is made for it and rolled back. */
  async function errorIn(statement: string, preparation: string): Promise<unknown> {
    return await errorOf(
      db.transaction(async (trx) => {
        await trx.raw(preparation);
        await trx.raw(statement);
      }),
    );
  }

  describe('refuses the row', () => {
    for (const [what, sqlState, row] of [
      ['whose key is taken', '23505', { id: 'first' }],
      ['that refers to nothing', '23503', { id: 'second', parent: 'nobody' }],
      ['that breaks a rule of its table', '23514', { id: 'second', size: 0 }],
      ['that lacks what it needs', '23502', { size: 1 }],
    ] as const) {
      it(what, async () => {
        assertMeans(await errorOf(db('things').insert(row)), sqlState, ['isRowRefused']);
      });
    }

    it('whose values cannot be computed with', async () => {
      assertMeans(await errorOf(db.raw('select 1 / 0')), '22012', ['isRowRefused']);
    });

    for (const [what, sqlState, statement, value] of [
      ['with a number that is too large', '22003', 'select :value::text::int', '3000000000'],
      ['with text that is no number', '22P02', 'select :value::text::int', 'seven'],
      ['with a NUL in its text', '22021', 'select :value::text', 'a\u0000b'],
      ['with a NUL in its JSON', '22P05', 'select :value::jsonb', '"\\u0000"'],
    ] as const) {
      it(`${what}: nobody could store it`, async () => {
        const error = await errorOf(db.raw(statement, { value }));
        assertMeans(error, sqlState, ['isRowRefused', 'isUnstorableValue']);
      });
    }
  });

  it('says that a key is too long for any index', async () => {
    const id = randomBytes(10_000).toString('hex');
    assertMeans(await errorOf(db('things').insert({ id })), '54000', ['isUnstorableValue']);
  });

  describe('says that somebody else is in the way', () => {
    it('when a row is locked', async () => {
      const holder = await db.transaction();
      await holder('things').where({ id: 'first' }).forUpdate().select('id');
      const error = await errorOf(db('things').where({ id: 'first' }).forUpdate().noWait().select('id'));
      await holder.rollback();
      assertMeans(error, '55P03', ['isBlocked', 'isDatabaseAway']);
    });

    it('when a statement takes too long', async () => {
      const error = await errorIn('select pg_sleep(5)', 'set local statement_timeout = 1');
      assertMeans(error, '57014', ['isBlocked', 'isDatabaseAway']);
    });

    it('when two wait for each other', async () => {
      const both = await Promise.all([db.transaction(), db.transaction()]);
      const lock = async (trx: Knex, key: number) => {
        await trx.raw(`set local deadlock_timeout = '10ms'`);
        await trx.raw('select pg_advisory_xact_lock(:key)', { key });
      };
      await Promise.all(both.map((trx, index) => lock(trx, index)));
      const outcomes = await Promise.allSettled(
        both.map((trx, index) => lock(trx, 1 - index).finally(() => trx.rollback())),
      );
      const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
      assert.equal(failed.length, 1);
      assertMeans(failed[0], '40P01', ['isBlocked', 'isDatabaseAway']);
    });
  });

  describe('says that Postgres cannot be asked right now', () => {
    it('when another transaction has changed what this one has read', async () => {
      const error = await errorOf(
        db.transaction(
          async (trx) => {
            await trx('things').where({ id: 'first' }).select('id');
            await db('things').where({ id: 'first' }).update({ size: 2 });
            await trx('things').where({ id: 'first' }).update({ size: 3 });
          },
          { isolationLevel: 'repeatable read' },
        ),
      );
      assertMeans(error, '40001', ['isDatabaseAway']);
    });

    it('when it takes no writes', async () => {
      const error = await errorIn(`insert into things (id) values ('late')`, 'set transaction read only');
      assertMeans(error, '25006', ['isDatabaseAway']);
    });

    it('when it ends the connection', async () => {
      const error = await errorOf(db.raw('select pg_terminate_backend(pg_backend_pid())'));
      assertMeans(error, '57P01', ['isDatabaseAway', 'isConnectionLost']);
    });

    it('when nobody listens at its address', async () => {
      const nowhere = connectDb({ url: 'postgres://127.0.0.1:1/none', poolSize: 1, statementTimeoutMs: 1000 });
      const error = await errorOf(nowhere.raw('select 1'));
      await nowhere.destroy();
      assertMeans(error, undefined, ['isDatabaseAway', 'isConnectionLost']);
      assertMeans(new AggregateError([new Error('of another kind'), error]), undefined, [
        'isDatabaseAway',
        'isConnectionLost',
      ]);
    });

    it('when a connection breaks while it is written to', () => {
      assertMeans(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }), undefined, [
        'isDatabaseAway',
        'isConnectionLost',
      ]);
    });
  });

  describe('says that waiting does not help', () => {
    async function connectError(change: (url: URL) => void): Promise<unknown> {
      const changed = new URL(url);
      change(changed);
      const stranger = connectDb({ url: changed.href, poolSize: 1, statementTimeoutMs: 1000 });
      const error = await errorOf(stranger.raw('select 1'));
      await stranger.destroy();
      return error;
    }

    it('when there is no such database', async () => {
      const error = await connectError((changed) => (changed.pathname = '/nowhere'));
      assertMeans(error, '3D000', ['isLoginRefused', 'isDatabaseAway', 'isConnectionLost']);
    });

    it('when there is no such user', async () => {
      const error = await connectError((changed) => (changed.username = 'nobody'));
      assert.match(sqlStateOf(error) ?? '', /^28/);
      assert.equal(isLoginRefused(error), true);
    });
  });

  describe('means none of this', () => {
    it('when the statement itself is wrong', async () => {
      assertMeans(await errorOf(db.raw('selekt 1')), '42601', []);
      assertMeans(await errorOf(db('nothing').select('id')), '42P01', []);
    });

    it('when it is not one of Postgres', () => {
      assertMeans(new Error('of another kind'), undefined, []);
      assertMeans({ code: '23505' }, undefined, []);
      assertMeans('23505', undefined, []);
      assertMeans(undefined, undefined, []);
    });
  });
});
