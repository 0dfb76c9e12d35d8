import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Knex } from 'knex';
import { startCounting } from '../../src/counting.ts';
import { countNext, readCountedUpto, recountFrom } from '../../src/db/counting/counting.ts';
import { MOST_UNCOUNTED } from '../../src/db/counting/far-behind.ts';
import { readConversionsUpto } from '../../src/db/counting/finding-conversions.ts';
import { connectCountingDb, connectDb } from '../../src/db/connect.ts';
import { listPartnerConversions } from '../../src/db/reports/partner-conversions.ts';
import { readPartnerStats } from '../../src/db/reports/partner-stats.ts';
import { readUnfilledRefIds } from '../../src/db/reports/unfilled-ref-ids.ts';
import { UNFILLED_MACRO } from '../../src/domain/ref-id.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';
import { dateIn } from '../support/time-zones.ts';

const HOUR_MS = 60 * 60 * 1000;
const FOREVER_MS = 10_000 * 24 * HOUR_MS;

describe('counting', () => {
  let network: Network;
  let db: Knex;
  let url: string;
  let partner: string;

  beforeEach(async () => {
    const database = await createTestDatabase();
    ({ db, url } = database);
    network = await createNetwork(database);
    partner = await network.partner();
  });

  afterEach(() => network.close());

  /** A touch that happened some minutes ago, on whichever connection. */
  async function touchBefore(minutes: number, { on = db, refId = 'r' }: { on?: Knex; refId?: string } = {}) {
    const at = new Date(Date.now() - minutes * 60_000).toISOString();
    const touch = { lead_id: network.newLead(), seq: 1, type: 'touch', partner_id: partner, ref_id: refId, at };
    await on('lead_events').insert(touch);
  }

  const countedTouches = async () => {
    const { rows } = await db.raw<{ rows: { touches: number }[] }>(
      'select coalesce(sum(touches), 0)::bigint as touches from partner_counts',
    );
    return rows[0]?.touches;
  };
  const shownTouches = async () =>
    (await readPartnerStats(db, { partner_id: partner, group_by: 'day', time_zone: 'UTC' })).totals.touches;

  it('leaves out the last seconds, which are read fact by fact', async () => {
    await touchBefore(5);
    await touchBefore(0);
    await countNext(db, FOREVER_MS);
    assert.equal(await countedTouches(), 1);
    assert.equal(await shownTouches(), 2);
  });

  it('counts no further than the beginning of a transaction that may still bring facts', async () => {
    const beganAt = Date.now();
    const slow = await db.transaction();
    await slow.raw('select 1');
    // What such a transaction writes has its time; it only looks as if it had begun ten minutes ago.
    await touchBefore(10, { on: slow });
    const { rows } = await db.raw<{ rows: [{ started: string }] }>(
      `select min(xact_start) as started from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
    assert.ok(Date.parse(rows[0].started) >= beganAt - 1000);
    const counted = await countNext(db, FOREVER_MS);
    assert.ok(counted && counted.upto <= rows[0].started);
    await slow.rollback();
  });

  it('goes on where it stopped, and counts nothing twice', async () => {
    for (const minutes of [50, 40, 31, 29, 2]) await touchBefore(minutes);
    let steps = 0;
    while (!(await countNext(db, 7 * 60_000))?.isDone) steps++;
    assert.ok(steps > 5, `${steps} steps`);
    await countNext(db, FOREVER_MS);
    assert.equal(await countedTouches(), 5);
    assert.equal(await shownTouches(), 5);
  });

  it('takes turns with others who count', async () => {
    const other = await db.transaction();
    await other('counting_progress').forUpdate().select('counted_upto');
    assert.equal(await countNext(db, FOREVER_MS), undefined);
    await other.rollback();
    assert.ok(await countNext(db, FOREVER_MS));
  });

  it('finds facts that were written into the past, once it is told from when', async () => {
    await countNext(db, FOREVER_MS);
    await touchBefore(3 * 24 * 60);
    assert.equal(await shownTouches(), 0);
    await recountFrom(db, new Date(Date.now() - 4 * 24 * HOUR_MS).toISOString());
    assert.equal(await shownTouches(), 1);
    await countNext(db, FOREVER_MS);
    assert.equal(await countedTouches(), 1);
    assert.equal(await shownTouches(), 1);
  });

  it('forgets and counts again what a clock that was set back makes doubtful', async () => {
    await touchBefore(20);
    await countNext(db, FOREVER_MS);
    const later = new Date(Date.now() + HOUR_MS).toISOString();
    await db('counting_progress').update({ counted_upto: later });
    await countNext(db, FOREVER_MS);
    assert.ok((await readCountedUpto(db)) < new Date().toISOString());
    await touchBefore(0.1);
    assert.equal(await shownTouches(), 2);
  });

  it('begins anew by the statements of docs/production.md', async () => {
    await touchBefore(24 * 60);
    await db('partner_counts').insert({
      ...{ partner_id: partner, bucket: new Date(0).toISOString(), offer_id: '', currency: '' },
      ...{ touches: 7, conversions: 0, pending: 0, approved: 0, rejected: 0, booked: 0, revoked: 0 },
    });
    const [, anew = ''] =
      /## Counting anew\n[^]*?```sql\n([^]*?)```/.exec(readFileSync('docs/production.md', 'utf8')) ?? [];
    await db.raw(anew);
    assert.equal(await shownTouches(), 1);
    while (!(await countNext(db, FOREVER_MS))?.isDone);
    assert.equal(await countedTouches(), 1);
  });

  it('goes on by itself, while there is work in several steps', async () => {
    for (const minutes of [50, 20, 2]) await touchBefore(minutes);
    const warned: object[] = [];
    const countingDb = connectCountingDb({ url });
    const log = { warn: (fields: object) => void warned.push(fields) };
    const counting = startCounting({ db: countingDb, intervalMs: 20, log });
    try {
      await eventually(async () => assert.equal(await countedTouches(), 3));
    } finally {
      await counting.stop();
      await countingDb.destroy();
    }
    assert.deepEqual(warned, []);
  });

  it('finds whom conversions concern: who held their lead, and who touched it later', async () => {
    const [later, earlier, stranger] = [await network.partner(), await network.partner(), await network.partner()];
    const { leadId, conversionId } = await network.aLead(earlier);
    await network.touch(leadId, partner);
    const second = await network.convert(leadId);
    await network.touch(leadId, later);
    await network.aLead(stranger);
    await db('lead_events')
      .where({ lead_id: leadId })
      .update({ at: new Date(Date.now() - 5 * 60_000).toISOString() });
    const found = async () =>
      (
        await db('partner_conversions')
          .whereIn('partner_id', [earlier, partner, later])
          .select<{ partner_id: string; conversion_id: string }[]>('partner_id', 'conversion_id')
      )
        .map((row) => `${row.partner_id} ${row.conversion_id}`)
        .sort();
    const expected = [
      `${earlier} ${conversionId}`,
      ...[`${partner} ${conversionId}`, `${partner} ${second}`],
      ...[`${later} ${conversionId}`, `${later} ${second}`],
    ].sort();
    while (!(await countNext(db, 60_000))?.isDone);
    assert.deepEqual(await found(), expected);
    await db('partner_conversions').delete();
    await recountFrom(db, new Date(Date.now() - HOUR_MS).toISOString());
    while (!(await countNext(db, FOREVER_MS))?.isDone);
    assert.deepEqual(await found(), expected);
  });

  it('that is far behind lets nobody read all that is not counted: figures wait, and lists say what they lack', async () => {
    const fill = (howMany: number) =>
      db.raw(
        `insert into lead_events (lead_id, seq, at, type, partner_id)
         select 'far' || gen_random_uuid(), 1, now() - interval '2 hours', 'touch', 'other' from generate_series(1, ?)`,
        [howMany],
      );
    await fill(MOST_UNCOUNTED);
    await recountFrom(db, new Date(Date.now() - 3 * HOUR_MS).toISOString());
    assert.equal(await shownTouches(), 0);
    await fill(1);
    const list = () => listPartnerConversions(db, { partnerId: partner, limit: 50 });
    const refusal = { kind: 'unavailable', message: /still being counted/ };
    await assert.rejects(shownTouches(), refusal);
    const { missingSince, ...page } = await list();
    assert.deepEqual(page, { rows: [], next: null });
    assert.equal(missingSince, await readConversionsUpto(db));
    while (!(await countNext(db, FOREVER_MS))?.isDone);
    assert.equal(await shownTouches(), 0);
    assert.deepEqual(await list(), { rows: [], next: null, missingSince: null });
  });

  it('comes again after a failure, and says so', async () => {
    await touchBefore(5);
    await db.raw('alter table partner_counts rename to hidden');
    const countingDb = connectCountingDb({ url });
    const warned: object[] = [];
    const log = { warn: (fields: object) => void warned.push(fields) };
    const counting = startCounting({ db: countingDb, intervalMs: 20, log });
    try {
      await eventually(() => Promise.resolve(assert.notEqual(warned.length, 0)));
      await db.raw('alter table hidden rename to partner_counts');
      await eventually(async () => assert.equal(await countedTouches(), 1));
    } finally {
      await counting.stop();
      await countingDb.destroy();
    }
  });

  describe('of ref_ids that are macros', () => {
    const macros = [
      '{clickid}',
      '{{sub_id}}',
      '${click.id}',
      '[subid]',
      '%clickid%',
      '#id#',
      '##ID##',
      '<id>',
      '__CLICKID__',
      'x-{id}',
      '{!subid!}',
    ];
    const ids = [
      'click-1',
      '{}',
      '100%',
      'a[1]',
      '[1]',
      '#1',
      '{"a":1}',
      '__',
      '50%-60%',
      '<3',
      'snake_case_id',
      '__init',
    ];

    it('tells them from ids, in Postgres as in JavaScript', async () => {
      for (const [refIds, isMacro] of [
        [macros, true],
        [ids, false],
      ] as const) {
        for (const refId of refIds) {
          assert.equal(new RegExp(UNFILLED_MACRO).test(refId), isMacro, refId);
          const { rows } = await db.raw<{ rows: [{ is: boolean }] }>('select ?::text ~ ? as "is"', [
            refId,
            UNFILLED_MACRO,
          ]);
          assert.equal(rows[0].is, isMacro, refId);
        }
      }
    });

    it('shows how many came in the last days, and the latest', async () => {
      assert.equal(await readUnfilledRefIds(db, partner, { days: 7 }), null);
      await touchBefore(45, { refId: '[subid]' });
      await touchBefore(40, { refId: 'click-1' });
      await touchBefore(20, { refId: '{clickid}' });
      for (let isDone = false; !isDone;) isDone = (await countNext(db, 15 * 60_000))?.isDone ?? false;
      const found = await readUnfilledRefIds(db, partner, { days: 7 });
      assert.deepEqual({ ...found, latest_at: '' }, { touches: 2, latest_ref_id: '{clickid}', latest_at: '' });
      assert.equal(await readUnfilledRefIds(db, await network.partner(), { days: 7 }), null);
    });
  });
});

describe('figures that cannot be had', () => {
  let network: Network;
  let url: string;
  before(async () => {
    const database = await createTestDatabase();
    url = database.url;
    network = await createNetwork(database);
  });
  after(() => network.close());

  const read = (query: object, db = network.db) =>
    readPartnerStats(db, { partner_id: 'ann', group_by: 'day', time_zone: 'UTC', ...query });

  it('name the field that keeps them from being had', async () => {
    for (const [query, field] of [
      [{ time_zone: 'Mars/Olympus' }, 'time_zone'],
      [{ from: '2026-02-01', to: '2026-02-01' }, 'to'],
      [{ from: '2026-02-02', to: '2026-02-01T12:00:00.000Z' }, 'to'],
      [{ from: '2025-01-01', to: '2026-02-06' }, 'from'],
    ] as const) {
      await assert.rejects(read(query), (error: { kind?: string; problems?: { field: string }[] }) => {
        assert.equal(error.kind, 'invalid');
        assert.deepEqual(
          error.problems?.map((problem) => problem.field),
          [field],
        );
        return true;
      });
    }
  });

  it('say so when they take too long, and what to do', async () => {
    const hurried = connectDb({ url, poolSize: 1, statementTimeoutMs: 1000 });
    const blocker = await network.db.transaction();
    try {
      await blocker.raw('lock table lead_events');
      await assert.rejects(read({ group_by: 'ref_id' }, hurried), { kind: 'invalid', message: /choose a shorter one/ });
      await assert.rejects(read({ group_by: 'offer' }, hurried), { kind: 'unavailable', message: /in time/ });
    } finally {
      await blocker.rollback();
      await hurried.destroy();
    }
  });

  it('default to the last 30 days, today among them, of the time zone', async () => {
    const before = dateIn('Asia/Kathmandu', Date.now());
    const { from, to, rows } = await read({ time_zone: 'Asia/Kathmandu' });
    assert.equal(rows.length, 30);
    assert.ok([before, dateIn('Asia/Kathmandu', Date.now())].includes(rows.at(-1)?.day ?? ''), 'today is the last');
    assert.equal(Date.parse(to) - Date.parse(from), 30 * 24 * HOUR_MS);
    assert.match(from, /T18:15:00.000Z$/);
  });

  it('take a date as the beginning of its day, also where that day has 23 or 25 hours', async () => {
    for (const [from, to, hours] of [
      ['2026-03-29', '2026-03-30', 23],
      ['2026-10-25', '2026-10-26', 25],
    ] as const) {
      const stats = await read({ from, to, time_zone: 'Europe/Berlin' });
      assert.equal(Date.parse(stats.to) - Date.parse(stats.from), hours * HOUR_MS);
      assert.deepEqual(
        stats.rows.map(({ day }) => day),
        [from],
      );
    }
  });
});
