import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { updateAdvertiser } from '../../src/db/advertisers.ts';
import { importTells } from '../../src/db/imports/import-tells.ts';
import { beginReceiving, finishReceiving, insertChunks } from '../../src/db/imports/receiving.ts';
import { claimLeads } from '../../src/db/outbox.ts';
import type { LeadEvent } from '../../src/domain/lead-event.ts';
import type { AppError } from '../../src/errors.ts';
import { newImportId } from '../../src/new-ids.ts';
import { countLocked } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { settleLatest } from '../support/leads/settle.ts';
import { postbacksOf, rewardsOf } from '../support/network-in-database.ts';
import { policy } from '../support/policy.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { createImportStage, csvOf, type ImportStage } from './import-stage.ts';

const RUNS = 12;
const ROWS_PER_CHUNK = 256;
// Within the tolerance for clocks before the conversions that are made now.
const recentTimes = () => [4, 3, 2, 1].map((minutes) => new Date(Date.now() - minutes * 60_000).toISOString());
const HEADER = 'conversion_id,status,event_time';

const conversionsIn = (event: LeadEvent) => (event.type === 'status' ? [event.conversionId] : []);

describe('an import', () => {
  let stage: ImportStage;
  before(async () => (stage = await createImportStage()));
  after(() => stage.close());

  async function conversions(count: number): Promise<string[]> {
    const leads = Array.from({ length: count }, async () => (await stage.network.aLead('ann')).conversionId);
    return await Promise.all(leads);
  }

  /** A conversion whose window is over; both lie so long back. */
  async function lateConversion(daysAgo: number): Promise<string> {
    const { leadId, conversionId } = await stage.network.aLead('ann');
    const at = new Date(Date.now() - daysAgo * 86_400_000 - policy.windowMs);
    await stage.db('leads').where({ lead_id: leadId }).update({ last_activity_at: at });
    await stage.db('conversions').where({ lead_id: leadId }).update({ created_at: at });
    return conversionId;
  }

  it('books each row in order, and says of each refused one what is wrong', async () => {
    const [first, second] = (await conversions(2)) as [string, string];
    const late = await lateConversion(1);
    const inTime = await lateConversion(2);
    const rows = [
      [first, 'pending', ''],
      [first, 'Approved', ''],
      [first, 'approved', ''],
      [first, 'pending', ''],
      [second, 'sold', ''],
      ['nobody', 'approved', ''],
      [second, 'approved', '31.01.2026'],
      [second, 'approved', '2999-01-01T00:00:00Z'],
      [second, 'approved', '2020-01-01 10:00:00'],
      [late, 'approved', ''],
      [inTime, 'approved', new Date(Date.now() - 3 * 86_400_000).toISOString()],
      ['', 'approved', ''],
      [second, 'rejected'],
    ];
    const { import_id: id, rows: counted } = await stage.receive(csvOf(HEADER, rows));
    assert.equal(counted, rows.length);
    const counts = await stage.batch(id);
    assertFields(counts, { state: 'done', rows: 13, done_rows: 13, recorded: 3, duplicate: 1, stale: 1, refused: 8 });
    assert.equal(await stage.statusOf(first), 'approved');
    assert.equal(await stage.statusOf(inTime), 'approved');
    assert.equal(await stage.statusOf(second), null);
    const errors = await stage.errorsOf(id);
    assert.deepEqual(
      errors.map(({ rowNumber, result }) => [rowNumber, result]),
      [
        [5, 'unknown_word'],
        [6, 'unknown_conversion'],
        [7, 'malformed'],
        [8, 'malformed'],
        [9, 'malformed'],
        [10, 'window_closed'],
        [12, 'malformed'],
        [13, 'malformed'],
      ],
    );
    const messages = errors.map(({ message }) => message);
    for (const [index, expected] of [
      /"sold" is not known/,
      /"nobody" is not known: check that the column/,
      /"31.01.2026" is no time that can be read/,
      /in the future, or before the click/,
      /in the future, or before the click/,
      /window of conversion .* is over/,
      /conversion_id is missing/,
      /2 fields, but the header names 3/,
    ].entries()) {
      assert.match(messages[index] ?? '', expected);
    }
    assert.deepEqual(errors[0]?.row, rows[4]);
    assert.equal((await stage.callsOf(id)).length, rows.length);
  });

  it('reads files by the words and names of their advertiser, and remembers the columns', async () => {
    const { db, network } = stage;
    const { advertiserId } = network;
    await updateAdvertiser(db, advertiserId, {
      vocabulary: {
        words: { sale: 'approved', test: 'ignore' },
        default_status: null,
        parameters: { status: 'state' },
      },
    });
    const [first, second, third] = (await conversions(3)) as [string, string, string];
    const rows = [
      [first, 'Sale'],
      [second, 'test'],
    ];
    const parameters = { status: 'state' };
    const mapping = { conversion_id: 'Click ID' };
    const { import_id: id } = await stage.receive(csvOf('Click ID,state', rows), { mapping, parameters });
    assertFields(await stage.batch(id), { state: 'done', recorded: 1, ignored: 1, refused: 0 });
    const next = await stage.receive(csvOf('state,Click ID', [['SALE', third]]), { parameters });
    assert.deepEqual(next.mapping, { conversion_id: 'Click ID', status: 'state' });
    assertFields(await stage.batch(next.import_id), { state: 'done', recorded: 1 });
    await updateAdvertiser(db, advertiserId, { vocabulary: null });
  });

  it('takes JSON as it takes CSV', async () => {
    const [first, second] = (await conversions(2)) as [string, string];
    const objects = [{ conversion_id: first, status: 'approved', reason: 'paid\0' }, { conversion_id: 17 }];
    const { import_id: id } = await stage.receive(
      [...objects, '{"conversion_id":', { conversion_id: second, status: 'rejected' }]
        .map((row) => (typeof row === 'string' ? row : JSON.stringify(row)))
        .join('\n'),
    );
    assertFields(await stage.batch(id), { state: 'done', recorded: 1, refused: 3 });
    assert.equal(await stage.statusOf(second), 'rejected');
  });

  it('books rewards without telling partners when that is asked for', async () => {
    const { db, network } = stage;
    const partnerId = await network.partner(settingsFor('https://tracker.example/'));
    for (const notify of [false, true]) {
      const { leadId, conversionId } = await network.aLead(partnerId);
      const file = await stage.receive(csvOf(HEADER, [[conversionId, 'approved', '']]), { notify });
      await stage.batch(file.import_id);
      await settleLatest(db, leadId);
      assert.equal((await rewardsOf(db, conversionId)).length, 1);
      const [postback] = await postbacksOf(db, conversionId);
      assertFields(postback, notify ? { state: 'scheduled' } : { state: 'skipped', skip_reason: 'not_notified' });
    }
  });

  it('of a dry run finds exactly what applying it does, and writes no fact', async () => {
    const row = fc.record({
      conversion: fc.nat({ max: 5 }),
      word: fc.constantFrom('pending', 'approved', 'rejected', 'APPROVED ', 'sold', ''),
      time: fc.constantFrom('', ...recentTimes(), '2999-01-01T00:00:00Z', 'yesterday'),
      isBroken: fc.constantFrom(false, false, false, false, true),
    });
    const property = fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 60 }),
      fc.nat(300),
      async (given, pad) => {
        const ids = [...(await conversions(4)), await lateConversion(1), 'nobody'];
        const real = given.map(({ conversion, word, time, isBroken }) =>
          isBroken ? [ids[conversion]] : [ids[conversion], word, time],
        );
        // So that rows of one conversion stand in several chunks.
        const padding = Array.from({ length: pad * 4 }, () => ['nobody', 'approved', '']);
        const half = Math.floor(real.length / 2);
        const file = csvOf(HEADER, [...real.slice(0, half), ...padding, ...real.slice(half)]);
        const { import_id: id } = await stage.receive(file, { dryRun: true });
        const dry = await stage.finish(id);
        assert.equal(dry?.state, 'done');
        const dryErrors = await stage.errorsOf(id);
        assert.deepEqual(await stage.callsOf(id), []);
        for (const conversionId of ids.slice(0, 5)) assert.equal(await stage.statusOf(conversionId), null);
        await stage.apply(id);
        const applied = await stage.finish(id);
        assert.deepEqual({ ...applied, dry_run: true }, dry);
        assert.deepEqual(await stage.errorsOf(id), dryErrors);
        assert.equal((await stage.callsOf(id)).length, real.length + padding.length);
      },
    );
    await fc.assert(property, { numRuns: RUNS });
    assert.deepEqual(await stage.db('import_assumptions').select('import_id'), []);
  });

  it('takes a row that is older than the decision for stale, in a dry run as when it is booked', async () => {
    const [conversionId] = (await conversions(1)) as [string];
    const [first, second, third] = recentTimes() as [string, string, string];
    const padding = Array.from({ length: 1100 }, () => ['nobody', 'approved', '']);
    const rows = [
      [conversionId, 'approved', second],
      ...padding,
      [conversionId, 'rejected', first],
      [conversionId, 'rejected', third],
      ...padding,
      [conversionId, 'approved', second],
      [conversionId, 'approved', ''],
    ];
    const { import_id: id } = await stage.receive(csvOf(HEADER, rows), { dryRun: true });
    assertFields(await stage.finish(id), { recorded: 3, stale: 2, duplicate: 0 });
    await stage.apply(id);
    assertFields(await stage.finish(id), { recorded: 3, stale: 2, duplicate: 0 });
    const older = await stage.receive(csvOf(HEADER, [[conversionId, 'rejected', third]]));
    assertFields(await stage.batch(older.import_id), { recorded: 0, stale: 1 });
  });

  it('is judged by a dry run after all rows before, however near they are or far', async () => {
    const [near, far] = (await conversions(2)) as [string, string];
    const rows = Array.from({ length: 5000 }, () => [near, 'approved', '']);
    rows[0] = [far, 'approved', ''];
    rows[4500] = [far, 'pending', ''];
    const { import_id: id } = await stage.receive(csvOf(HEADER, rows), { dryRun: true });
    assertFields(await stage.batch(id), { state: 'done', recorded: 2, duplicate: 4997, stale: 1, refused: 0 });
  });

  it('is judged in order by a dry run although other calls come between', async () => {
    const [conversionId] = (await conversions(1)) as [string];
    const { import_id: id } = await stage.receive(csvOf(HEADER, [[conversionId, 'approved', '']]), { dryRun: true });
    await stage.network.report(conversionId, 'approved');
    assertFields(await stage.batch(id), { recorded: 0, duplicate: 1 });
  });

  it('goes on where another worker was, and books no row twice when two work at once', async () => {
    const ids = await conversions(20);
    const rows = Array.from({ length: 1500 }, (_, n) => [ids[n % ids.length], 'pending', '']);
    const { import_id: id } = await stage.receive(csvOf(HEADER, rows));
    const once = stage.createWorker({ batchMs: 0 });
    assertFields(await stage.batch(id, once), { state: 'running', done_rows: 256 });
    const two = await Promise.all([stage.batch(id), stage.batch(id), stage.batch(id, stage.createWorker())]);
    assert.equal(two.filter((counts) => counts?.done_rows === 1500).length > 0, true);
    assertFields(await stage.batch(id), { state: 'done', done_rows: 1500, recorded: 20, duplicate: 1480 });
    assert.deepEqual(
      (await stage.callsOf(id)).map(({ row_number }) => row_number),
      rows.map((_, index) => index + 1),
    );
  });

  it('looks for what was refused only where something was', async () => {
    const [conversionId] = (await conversions(1)) as [string];
    const rows = Array.from({ length: 600 }, (_, index) => [index === 300 ? 'nobody' : conversionId, 'approved', '']);
    const { import_id: id } = await stage.receive(csvOf(HEADER, rows));
    await stage.batch(id);
    await stage
      .db('import_verdicts')
      .where({ import_id: id })
      .whereNot({ chunk: 1 })
      .update({ verdicts: 'unreadable' });
    assert.deepEqual(
      (await stage.errorsOf(id)).map(({ rowNumber }) => rowNumber),
      [301],
    );
  });

  it('refuses a row alone that Postgres does not take, and books all others once', async () => {
    const ids = await conversions(6);
    const [bad, worse] = [ids[2], ids[5]] as [string, string];
    await stage.db.raw(`
      create function refuse_some() returns trigger language plpgsql as $$
      begin raise exception 'not storable' using errcode = 'numeric_value_out_of_range'; end $$;
      create trigger refuse_some before insert on lead_events for each row
        when (new.conversion_id in ('${bad}', '${worse}')) execute function refuse_some();`);
    const rows = Array.from({ length: 300 }, (_, n) => [ids[n] ?? 'nobody', 'approved', '']);
    const { import_id: id } = await stage.receive(csvOf(HEADER, rows));
    assertFields(await stage.finish(id), { state: 'done', recorded: 4, refused: 296 });
    const errors = await stage.errorsOf(id);
    const refused = errors.filter(({ result }) => result === 'malformed');
    assert.deepEqual(
      refused.map(({ rowNumber }) => rowNumber),
      [3, 6],
    );
    assert.match(refused[0]?.message ?? '', /cannot be stored.*mend it/);
    assert.deepEqual(refused[0]?.row, rows[2]);
    assert.equal((await stage.callsOf(id)).length, 300);
    await stage.db.raw('drop trigger refuse_some on lead_events');
  });

  it('pauses, goes on, and is cancelled, where it stands', async () => {
    const rows = Array.from({ length: 600 }, () => ['nobody', 'approved', '']);
    const { import_id: id } = await stage.receive(csvOf(HEADER, rows));
    const once = stage.createWorker({ batchMs: 0 });
    await stage.batch(id, once);
    await stage.ask(id, 'pause');
    assertFields(await stage.batch(id), { state: 'paused', done_rows: 256 });
    assertFields(await stage.batch(id), { state: 'paused', done_rows: 256 });
    assertFields(await stage.ask(id, 'resume'), { state: 'running', done_before: 256 });
    await stage.batch(id, once);
    await stage.ask(id, 'cancel');
    assertFields(await stage.batch(id), { state: 'cancelled', done_rows: 512 });
    assertFields(await stage.ask(id, 'cancel'), { state: 'cancelled' });
    await assert.rejects(stage.ask(id, 'resume'), /has ended: it is cancelled/);
  });

  it('reads rows by words that were explained after it had begun', async () => {
    const { db, network } = stage;
    const [held, other] = [await network.aLead('ann'), await network.aLead('ann')];
    const rows = Array.from({ length: 600 }, (_, n) => ['nobody', n === 0 ? 'approved' : 'verkauft', '']);
    rows[0] = [held.conversionId, 'approved', ''];
    rows[500] = [other.conversionId, 'verkauft', ''];
    const { import_id: id } = await stage.receive(csvOf(HEADER, rows));
    const holder = await db.transaction();
    await holder('leads').where({ lead_id: held.leadId }).forUpdate().select('lead_id');
    const working = stage.batch(id);
    await eventually(async () => assert.equal(await countLocked(db), 1, 'the first rows wait for no lead'));
    const vocabulary = { words: { verkauft: 'approved' as const }, default_status: null, parameters: {} };
    await updateAdvertiser(db, network.advertiserId, { vocabulary });
    await holder.commit();
    await working;
    await stage.finish(id);
    assert.equal(await stage.statusOf(other.conversionId), 'approved');
    await updateAdvertiser(db, network.advertiserId, { vocabulary: null });
  });

  it('has its first rows relayed before the later ones of a file that was booked before', async () => {
    const { db } = stage;
    const [large, small] = [await conversions(600), await conversions(2)];
    await db('outbox').delete();
    for (const each of [large, small]) {
      const { import_id: id } = await stage.receive(
        csvOf(
          HEADER,
          each.map((conversionId) => [conversionId, 'approved', '']),
        ),
      );
      assertFields(await stage.finish(id), { state: 'done', recorded: each.length });
    }
    // Whatever else is booked in this database.
    await db('outbox').update({ owed_since: db.raw(`owed_since - interval '1 hour'`) });
    const claimed: string[][] = [];
    for (const limit of [ROWS_PER_CHUNK + small.length, 1000]) {
      const leads = await claimLeads(db, { limit, leaseMs: 60_000, leaseId: randomUUID() });
      claimed.push(leads.flatMap(({ events }) => events.flatMap(conversionsIn)).sort());
    }
    const first = [...large.slice(0, ROWS_PER_CHUNK), ...small];
    assert.deepEqual(claimed, [first.sort(), large.slice(ROWS_PER_CHUNK).sort()]);
  });

  it('is told of when it is lost, before some of what died uploads have left is dropped', async () => {
    const { db, network } = stage;
    const { import_id: lost } = await stage.receive(csvOf(HEADER, [['lost', 'approved', '']]));
    const long = db.raw(`now() - interval '2 hours'`);
    await db('imports').where({ import_id: lost }).update({ tell_at: null, touched_at: long });
    const { advertiserId: advertiser_id } = network;
    const abandoned = { import_id: 'abandoned', advertiser_id, source: 'ops', dry_run: true, touched_at: long };
    await db('imports').insert(abandoned);
    const chunks = Array.from({ length: 150 }, (_, chunk) => ({ import_id: 'abandoned', chunk, first_row: 1 }));
    await db('import_chunks').insert(chunks.map((chunk) => ({ ...chunk, file_rows: '[]' })));
    const left = () => db('import_chunks').where({ import_id: 'abandoned' });
    assert.equal(await importTells.tellSilent(db, 3_600_000), 1);
    assert.equal((await left()).length, 50);
    await importTells.tellSilent(db, 3_600_000);
    assert.deepEqual([await left(), await db('imports').where({ import_id: 'abandoned' })], [[], []]);
  });

  it('does not count when some of its rows were dropped because its process seemed dead', async () => {
    const { db, network } = stage;
    const importId = newImportId();
    const { advertiserId } = network;
    const upload = {
      importId,
      advertiserId,
      source: 'ops',
      fileName: null,
      notify: true,
      dryRun: false,
      again: false,
    } as const;
    await beginReceiving(db, upload);
    const chunks = Array.from({ length: 150 }, (_, chunk) => ({ chunk, firstRow: chunk + 1, fileRows: '[["x","y"]]' }));
    await insertChunks(db, importId, chunks);
    await db('imports')
      .where({ import_id: importId })
      .update({ touched_at: db.raw(`now() - interval '2 hours'`) });
    await importTells.tellSilent(db, 3_600_000);
    const header = ['conversion_id', 'status'];
    const mapping = { conversion_id: 'conversion_id', status: 'status' };
    const whole = { format: 'csv', bytes: 1, sha256: importId, header, mapping, names: null, rows: 150 } as const;
    await assert.rejects(finishReceiving(db, importId, whole), /given up/);
    await importTells.tellSilent(db, 3_600_000);
    assert.deepEqual(await db('imports').where({ import_id: importId }), []);
  });

  it('forgets what a dry run has assumed also when that is cancelled while it is paused', async () => {
    const [conversionId] = (await conversions(1)) as [string];
    const rows = [[conversionId, 'approved', ''], ...Array.from({ length: 1500 }, () => ['nobody', 'approved', ''])];
    const { import_id: id } = await stage.receive(csvOf(HEADER, rows), { dryRun: true });
    await stage.batch(id, stage.createWorker({ batchMs: 0 }));
    assert.equal((await stage.db('import_assumptions')).length, 1);
    await stage.ask(id, 'pause');
    assertFields(await stage.batch(id), { state: 'paused' });
    assertFields(await stage.ask(id, 'cancel'), { asked: 'cancel', state: 'running', ended_at: null });
    assertFields(await stage.finish(id), { state: 'cancelled' });
    assert.deepEqual(await stage.db('import_assumptions'), []);
  });

  describe('of a file that is sent again', () => {
    /** Rows that correct each other: booked twice, they would be corrections of corrections. */
    async function correctingFile(): Promise<string> {
      const [conversionId] = (await conversions(1)) as [string];
      const rows = ['approved', 'rejected', 'approved'].map((status) => [conversionId, status, '']);
      return csvOf(HEADER, rows);
    }

    it('is the one that is there, running or done, and books nothing more', async () => {
      const file = await correctingFile();
      const first = await stage.receive(file);
      assert.equal(first.was_sent_before, false);
      assertFields(await stage.receive(file), { import_id: first.import_id, was_sent_before: true, state: 'running' });
      assertFields(await stage.finish(first.import_id), { recorded: 3 });
      assertFields(await stage.receive(file), { import_id: first.import_id, was_sent_before: true, state: 'done' });
      assert.deepEqual(await stage.db('imports').where({ state: 'receiving' }).select('import_id'), []);
    });

    it('is another one when that is asked for, for other columns, and after it was cancelled', async () => {
      const file = await correctingFile();
      const first = await stage.receive(file);
      const others = [
        await stage.receive(file, { again: true }),
        await stage.receive(file, { notify: false }),
        await stage.receive(file, { mapping: { conversion_id: 'status', status: 'conversion_id' } }),
      ];
      assert.deepEqual(
        others.map(({ was_sent_before }) => was_sent_before),
        [false, false, false],
      );
      await stage.ask(first.import_id, 'cancel');
      const after = await stage.receive(file);
      assert.equal(after.was_sent_before, false);
      assert.notEqual(after.import_id, first.import_id);
    });

    it('is one when several come at once', async () => {
      const file = await correctingFile();
      for (const dryRun of [true, false]) {
        const taken = await Promise.all([1, 2, 3, 4, 5].map(() => stage.receive(file, { dryRun })));
        assert.equal(new Set(taken.map(({ import_id }) => import_id)).size, 1);
        assert.equal(taken.filter(({ was_sent_before: wasSent }) => !wasSent).length, 1);
      }
    });

    it('stands in the way of no import when it was a dry run, and may be tried anew', async () => {
      const file = await correctingFile();
      const tried = await stage.receive(file, { dryRun: true });
      assertFields(await stage.receive(file, { dryRun: true }), { import_id: tried.import_id, was_sent_before: true });
      await stage.finish(tried.import_id);
      const again = await stage.receive(file, { dryRun: true });
      assert.equal(again.was_sent_before, false);
      await stage.finish(again.import_id);
      await stage.apply(again.import_id);
      assertFields(await stage.receive(file), { import_id: again.import_id, was_sent_before: true });
      await assert.rejects(
        stage.apply(tried.import_id),
        new RegExp(`was booked as import ${again.import_id}: .* again=true`),
      );
      const meant = await stage.receive(file, { dryRun: true, again: true });
      await stage.finish(meant.import_id);
      assertFields(await stage.apply(meant.import_id), { state: 'running', dry_run: false });
    });

    it('is booked once when two dry runs of it are applied at once', async () => {
      const file = await correctingFile();
      const tried: string[] = [];
      for (let n = 0; n < 3; n++) {
        const { import_id: id } = await stage.receive(file, { dryRun: true });
        await stage.finish(id);
        tried.push(id);
      }
      const applied = await Promise.allSettled(tried.map((id) => stage.apply(id)));
      const refusals = applied.flatMap((each): unknown[] => (each.status === 'rejected' ? [each.reason] : []));
      assert.deepEqual(
        refusals.map((refusal) => (refusal as AppError).kind),
        ['conflict', 'conflict'],
      );
    });
  });

  it('is applied once, and only when its dry run is done', async () => {
    const [conversionId] = (await conversions(1)) as [string];
    const file = csvOf(HEADER, [[conversionId, 'approved', '']]);
    const { import_id: id } = await stage.receive(file, { dryRun: true });
    await assert.rejects(stage.apply(id), /dry run of import .* is running: wait/);
    await stage.batch(id);
    assertFields(await stage.apply(id), { dry_run: false, state: 'running', recorded: 0, done_rows: 0 });
    assertFields(await stage.apply(id), { dry_run: false, state: 'running' });
    await stage.batch(id);
    const applied = await stage.apply(id);
    assertFields(applied, { dry_run: false, state: 'done', recorded: 1 });
    assert.equal(applied?.dry_run_counts?.recorded, 1);
    assert.equal(await stage.apply('nothing'), undefined);
  });
});
