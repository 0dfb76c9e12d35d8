import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { connectLedgerDb } from '../src/db/connect.ts';
import { readLastLedgerCheck } from '../src/db/ledger/ledger-check.ts';
import { startLedgerWatch } from '../src/ledger-watch.ts';
import { countLocked, createTestDatabase } from './support/database.ts';
import { eventually } from './support/eventually.ts';
import { createNetwork, type Network } from './support/network-in-database.ts';

describe('the watch over the ledger', () => {
  let network: Network;
  let db: Knex;
  let ledgerDb: Knex;
  let logged: string[];
  const note = (_what: unknown, text?: unknown) => void logged.push(String(text));
  const log = { warn: note, error: note };

  beforeEach(async () => {
    logged = [];
    const database = await createTestDatabase();
    network = await createNetwork(database);
    ({ db } = network);
    ledgerDb = connectLedgerDb({ url: database.url, statementTimeoutMs: 60_000 });
  });

  afterEach(async () => {
    await ledgerDb.destroy();
    await network.close();
  });

  it('keeps what differs for the metrics, and says so to those who must act', async () => {
    const watch = startLedgerWatch({ db, ledgerDb, intervalMs: 20, log });
    try {
      await eventually(async () => assert.equal((await readLastLedgerCheck(db)).differences, 0));
      const line = { partner_id: await network.partner(), currency: 'USD', kind: 'reward', amount: 5 };
      await db('ledger_lines').insert({ ...line, conversion_id: 'nobodys', seq: 1, price_version: 1 });
      await eventually(async () => assert.equal((await readLastLedgerCheck(db)).differences, 1));
      await eventually(() => assert.match(logged.join(), /The ledger differs/));
    } finally {
      await watch.stop();
    }
  });

  it('lets one process check at a time, and stops in the middle of a check', async () => {
    const locking = await db.transaction();
    await locking.raw('lock table settlements in access exclusive mode');
    const watches = [1, 2].map(() => startLedgerWatch({ db, ledgerDb, intervalMs: 2000, log }));
    await eventually(async () => assert.equal(await countLocked(db), 1));
    await Promise.all(watches.map((watch) => watch.stop()));
    assert.equal(await countLocked(db), 0);
    await locking.rollback();
    assert.equal((await readLastLedgerCheck(db)).ended_at, null);
    assert.deepEqual(logged, []);
  });
});
