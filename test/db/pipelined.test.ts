import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { connectDb } from '../../src/db/connect.ts';
import { inPipelinedTransaction, type Asks } from '../../src/db/pipelined.ts';
import { createTestDatabase } from '../support/database.ts';

describe('a transaction whose statements are not waited for', () => {
  let db: Knex;
  let url: string;

  before(async () => {
    ({ db, url } = await createTestDatabase());
    await db.raw('create table sums (name text primary key, sum int not null, note text)');
  });

  after(() => db.destroy());

  const INSERT = 'insert into sums (name, sum, note) values (:name, :sum, :name || :note)';

  async function insert(trx: Asks, values: { name: string; sum: unknown; note?: string }): Promise<void> {
    await trx.raw(INSERT, { note: '', ...values }).options({ name: 'insert-sum' });
  }

  async function namesOf(like: string): Promise<string[]> {
    const rows = await db('sums').where('name', 'like', like).orderBy('name').select<{ name: string }[]>('name');
    return rows.map(({ name }) => name);
  }

  it('commits what was asked before its commit, answered or not', async () => {
    await inPipelinedTransaction(db, {}, async (trx, commit) => {
      await Promise.all([insert(trx, { name: 'a1', sum: 1 }), insert(trx, { name: 'a2', sum: 2 }), commit()]);
      assert.deepEqual(await namesOf('a%'), ['a1', 'a2']);
    });
    assert.deepEqual(await namesOf('a%'), ['a1', 'a2']);
  });

  it('is committed when its work ends without that', async () => {
    await inPipelinedTransaction(db, {}, (trx) => insert(trx, { name: 'b1', sum: 1 }));
    assert.deepEqual(await namesOf('b%'), ['b1']);
  });

  it('keeps nothing where one statement fails, whatever was sent behind it, and its connection serves the next', async () => {
    for (let round = 0; round < 12; round++) {
      const failing = inPipelinedTransaction(db, {}, async (trx, commit) => {
        await Promise.all([
          insert(trx, { name: 'c1', sum: 1 }),
          insert(trx, { name: 'c2', sum: 'no number' }),
          insert(trx, { name: 'c3', sum: 3 }),
          commit(),
        ]);
      });
      await assert.rejects(failing, { code: '22P02' });
    }
    assert.deepEqual(await namesOf('c%'), []);
    await inPipelinedTransaction(db, {}, (trx) => insert(trx, { name: 'd1', sum: 1 }));
    assert.deepEqual(await namesOf('d%'), ['d1']);
  });

  it('keeps nothing where its work fails', async () => {
    const failing = inPipelinedTransaction(db, {}, async (trx) => {
      await insert(trx, { name: 'e1', sum: 1 });
      throw new Error('changed my mind');
    });
    await assert.rejects(failing, { message: 'changed my mind' });
    assert.deepEqual(await namesOf('e%'), []);
  });

  it('takes values by their names, each as often as it is named, and leaves casts and texts with colons alone', async () => {
    await inPipelinedTransaction(db, {}, async (trx) => {
      await insert(trx, { name: 'f1', sum: 7, note: `'; drop table sums; --` });
      const { rows } = await trx
        .raw<{ rows: object[] }>(
          `select sum::text, note, 'HH24:MI:SS' as format from sums where name = any(:names::text[]) and sum = :sum::int`,
          { names: ['f1', 'f2'], sum: 7 },
        )
        .options({ name: 'read-sums' });
      assert.deepEqual(rows, [{ sum: '7', note: `f1'; drop table sums; --`, format: 'HH24:MI:SS' }]);
    });
  });

  it('may ask by the same name what a transaction of knex has asked on the same connection', async () => {
    const values = { name: 'twice', sum: 1 };
    const ask = async (asks: Asks) =>
      void (await asks
        .raw('select :name::text || :sum::int || :name::text as text', values)
        .options({ name: 'ask-twice' }));
    const one = connectDb({ url, poolSize: 1, statementTimeoutMs: 5000 });
    await one.transaction(ask);
    await inPipelinedTransaction(one, {}, ask);
    await one.transaction(ask);
    await one.destroy();
  });

  it('waits for a lock no longer than it is told to', async () => {
    await inPipelinedTransaction(db, {}, (trx) => insert(trx, { name: 'g1', sum: 1 }));
    const holder = await db.transaction();
    await holder('sums').where({ name: 'g1' }).forUpdate().select('name');
    const lock = (trx: Asks) =>
      trx.raw('select name from sums where name = :name for update', { name: 'g1' }).options({ name: 'lock-sum' });
    await assert.rejects(
      inPipelinedTransaction(db, { lockWithinMs: 50 }, async (trx) => void (await lock(trx))),
      { code: '55P03' },
    );
    await holder.rollback();
    await inPipelinedTransaction(db, { lockWithinMs: 50 }, async (trx) => void (await lock(trx)));
  });
});
