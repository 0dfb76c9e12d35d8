import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { beginReceiving } from '../../../src/db/imports/receiving.ts';
import { rememberSignedRequest } from '../../../src/db/imports/signed-requests.ts';
import { countLocked, createTestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';

const OLD = ['first', 'second'];

describe('signed requests of long ago that come again', () => {
  let network: Network;
  let db: Knex;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    for (const importId of ['before', 'again']) {
      const file = { source: 'advertiser', fileName: null, notify: true, dryRun: false, again: true } as const;
      await beginReceiving(db, { importId, advertiserId: network.advertiserId, ...file });
    }
  });
  after(() => network.close());

  beforeEach(async () => {
    const rows = OLD.map((digest) => ({ digest, import_id: 'before', seen_at: db.raw(`now() - interval '25 hours'`) }));
    await db('signed_files').insert(rows).onConflict('digest').merge();
  });

  const renew = (digest: string) => db.transaction((trx) => rememberSignedRequest(trx, { digest, importId: 'again' }));

  it('hold nothing of others while they wait, so two of them never wait for each other', async () => {
    const holder = await db.transaction();
    await holder('signed_files').where({ digest: 'first' }).forUpdate().select('digest');
    const renewing = renew('first');
    await eventually(async () => assert.equal(await countLocked(db), 1, 'it waits'));
    const free = await db('signed_files').where({ digest: 'second' }).forUpdate().skipLocked().pluck('digest');
    assert.deepEqual(free, ['second']);
    await holder.commit();
    assert.equal(await renewing, undefined);
  });

  it('are renewed at the same time, and neither drops the other', async () => {
    assert.deepEqual(await Promise.all(OLD.map(renew)), [undefined, undefined]);
    const known = await db('signed_files')
      .orderBy('digest')
      .select<{ digest: string; import_id: string }[]>('digest', 'import_id');
    assert.deepEqual(
      known.map((row) => ({ ...row })),
      OLD.map((digest) => ({ digest, import_id: 'again' })),
    );
  });
});
