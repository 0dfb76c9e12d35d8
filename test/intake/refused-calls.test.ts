import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createAdvertiser } from '../../src/db/advertisers.ts';
import { listRefusedCalls } from '../../src/db/refused-calls.ts';
import { createRefusedCalls } from '../../src/intake/refused-calls.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

describe('calls without proof', () => {
  let db: Knex;
  let advertiserId: string;
  const warned: object[] = [];
  const log = { warn: (fields: object) => void warned.push(fields) };

  before(async () => {
    ({ db } = await createTestDatabase());
  });
  after(() => db.destroy());
  beforeEach(async () => {
    advertiserId = (await createAdvertiser(db, { name: 'Bank' })).advertiser.advertiser_id;
    warned.length = 0;
  });

  const listed = () => listRefusedCalls(db, { advertiserId, limit: 10 });

  it('are counted by reason and hour, with the last one as a sample', async () => {
    const refused = createRefusedCalls(db, log);
    for (let index = 0; index < 500; index++) refused.note({ advertiserId, reason: 'token', sample: { index } });
    refused.note({ advertiserId, reason: 'address', sample: { ip: '192.0.2.1' } });
    await refused.flush();
    refused.note({ advertiserId, reason: 'token', sample: { index: 'later' } });
    await refused.flush();
    const rows = await listed();
    assert.deepEqual(
      rows.map(({ reason, calls, sample }) => ({ reason, calls, sample })),
      [
        { reason: 'address', calls: 1, sample: '{"ip":"192.0.2.1"}' },
        { reason: 'token', calls: 501, sample: '{"index":"later"}' },
      ],
    );
    assert.match(rows[0]?.hour ?? '', /:00:00\.000Z$/);
  });

  it('are written by themselves after a while', async () => {
    const refused = createRefusedCalls(db, log, 10);
    refused.note({ advertiserId, reason: 'signature', sample: {} });
    await eventually(async () => assert.equal((await listed())[0]?.calls, 1));
  });

  it('hold hostile samples as text, cut short', async () => {
    const refused = createRefusedCalls(db, log);
    refused.note({ advertiserId, reason: 'token', sample: { nul: '\0', lone: '\ud800', long: '😀'.repeat(5000) } });
    await refused.flush();
    const [row] = await listed();
    assert.ok(row && [...row.sample].length === 2000, row?.sample);
    assert.deepEqual(warned, []);
  });

  it('of nobody we know are not counted, and do not keep others from it', async () => {
    const refused = createRefusedCalls(db, log);
    refused.note({ advertiserId: 'nobody', reason: 'token', sample: {} });
    refused.note({ advertiserId, reason: 'token', sample: {} });
    await refused.flush();
    assert.equal((await listed())[0]?.calls, 1);
    assert.deepEqual(warned, []);
  });

  it('are left out, with a word in the log, while the database is away', async () => {
    const fail = () => Promise.reject(new Error('away'));
    const refused = createRefusedCalls({ raw: fail } as unknown as Knex, log);
    refused.note({ advertiserId, reason: 'token', sample: {} });
    await refused.flush();
    assert.equal(warned.length, 1);
  });
});
