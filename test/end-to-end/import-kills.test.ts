import assert from 'node:assert/strict';
import { readImport, type Import } from '../../src/db/imports/imports.ts';
import { csvOf } from '../activities/import-stage.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';
import { ADMIN_API_KEY, startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivateTemporal } from '../support/servers.ts';

// Some hundred conversions, each reported on many times, so that most rows need not become events of leads. By hand it is
// run with 100,000.
const ROWS = Number(process.env.ROWS ?? 5_000);
const CONVERSIONS = 200;
const KILLS_AT = [0.2, 0.6].map((share) => share * ROWS);
// For starts and take-overs; and for rows, far more than one takes on a busy machine.
const MS_PER_ROW = 10;
const WITHIN_MS = 120_000 + ROWS * MS_PER_ROW;

describe('an import whose api and worker are killed', function () {
  this.timeout(3 * WITHIN_MS);
  let network: Network;
  let databaseUrl: string;
  let temporalAddress: string;

  before(async () => {
    const [database, temporal] = await Promise.all([createTestDatabase(), startPrivateTemporal()]);
    [databaseUrl, temporalAddress] = [database.url, temporal.address];
    network = await createNetwork(database);
  });
  after(() => network.close());

  const start = (role: 'api' | 'relay' | 'worker') => startProcess({ roles: [role], databaseUrl, temporalAddress });

  async function conversions(): Promise<string[]> {
    const { db, advertiserId, offerId } = network;
    await db.raw(
      `with leads_made as (
         insert into leads (lead_id, last_seq, last_activity_at)
         select 'lead-' || n, 1, now() from generate_series(1, :count::int) n
       ), events as (
         insert into lead_events (lead_id, seq, type, conversion_id, offer_id, advertiser_id)
         select 'lead-' || n, 1, 'conversion', 'conversion-' || n, :offerId, :advertiserId
         from generate_series(1, :count::int) n
       )
       insert into conversions (conversion_id, lead_id, seq, offer_id, advertiser_id)
       select 'conversion-' || n, 'lead-' || n, 1, :offerId, :advertiserId from generate_series(1, :count::int) n`,
      { count: CONVERSIONS, advertiserId, offerId },
    );
    return Array.from({ length: CONVERSIONS }, (_, n) => `conversion-${n + 1}`);
  }

  async function upload({ opsUrl }: RunningProgram, file: string): Promise<string> {
    const answered = await fetch(`${opsUrl}/v1/admin/imports?advertiser_id=${network.advertiserId}&notify=false`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_API_KEY}`, 'content-type': 'text/csv' },
      body: file,
    });
    assert.equal(answered.status, 202);
    return ((await answered.json()) as { import_id: string }).import_id;
  }

  it('books each row once, in the order of the file', async () => {
    const { db } = network;
    const ids = await conversions();
    const [relay, api] = await Promise.all([start('relay'), start('api')]);
    let worker = await start('worker');
    // Each conversion is pending, is approved much later, and all that follows changes nothing.
    const rows = Array.from({ length: ROWS }, (_, n) => [ids[n % CONVERSIONS], n < ROWS / 2 ? 'pending' : 'approved']);
    const importId = await upload(api, csvOf('conversion_id,status', rows));
    // What was answered is there, whatever becomes of who answered.
    await api.kill('SIGKILL');
    const read = async () => (await readImport(db, { importId })) as Import;
    for (const killAt of KILLS_AT) {
      await eventually(async () => {
        const { done_rows: done } = await read();
        assert.ok(done >= killAt, `${done} rows have been dealt with`);
      }, WITHIN_MS);
      await worker.kill('SIGKILL');
      worker = await start('worker');
    }
    const expected = { recorded: 2 * CONVERSIONS, duplicate: ROWS - 2 * CONVERSIONS, stale: 0, refused: 0 };
    await eventually(async () => {
      assertFields(await read(), { state: 'done', rows: ROWS, done_rows: ROWS, ...expected });
    }, WITHIN_MS);
    await Promise.all([worker.kill('SIGKILL'), relay.kill('SIGKILL')]);

    const { rows: counted } = await db.raw<{ rows: [{ calls: number; distinct_rows: number; last: number }] }>(
      `select count(*) as calls, count(distinct row_number) as distinct_rows, max(row_number) as last
       from status_calls where import_id = :importId`,
      { importId },
    );
    assertFields(counted[0], { calls: ROWS, distinct_rows: ROWS, last: ROWS });
    const { rows: events } = await db.raw<{ rows: { statuses: string; conversions: number }[] }>(
      `select statuses, count(*) as conversions from (
         select string_agg(status, ' ' order by seq) as statuses from lead_events where type = 'status' group by lead_id
       ) of_lead group by statuses`,
    );
    assert.deepEqual(events, [{ statuses: 'pending approved', conversions: CONVERSIONS }]);
  });
});
