import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ColumnMapping } from '../../src/domain/imports/columns.ts';
import type { GivenFile } from '../../src/intake/files/receive-import.ts';
import { assertFields } from '../support/fields.ts';
import { createImportStage, csvOf, type ImportStage } from './import-stage.ts';

type JsonRow = Record<string, unknown>;

const WIDE = 'x'.repeat(1000);

describe('an import of JSON', () => {
  let stage: ImportStage;
  before(async () => (stage = await createImportStage()));
  after(() => stage.close());
  beforeEach(() => stage.db('import_mappings').delete());

  const linesOf = (rows: readonly JsonRow[]) => rows.map((row) => JSON.stringify(row)).join('\n');
  const aConversion = async () => (await stage.network.aLead('ann')).conversionId;

  /** Rows about nothing, so many that the file comes in several pieces. */
  const padding = (count: number): JsonRow[] =>
    Array.from({ length: count }, (_, n) => ({ conversion_id: `nobody-${n}`, status: 'approved', note: WIDE }));

  /** Applies a file of CSV with this column, which is what is looked for first in the advertiser's next file. */
  async function remember(mapping: ColumnMapping): Promise<void> {
    const header = ['conversion_id', 'status', ...Object.values(mapping)].join(',');
    const { import_id: id } = await stage.receive(csvOf(header, [[await aConversion(), 'approved', '']]), {
      mapping,
      again: true,
    });
    assertFields(await stage.finish(id), { state: 'done', recorded: 1 });
  }

  /** Has an import stand as a version before took it in. */
  async function takenInEarlier(importId: string, mapping: ColumnMapping): Promise<void> {
    await stage.db('imports').where({ import_id: importId }).update({ mapping, names: null });
  }

  async function reasonsOf(importId: string): Promise<string[]> {
    return await stage
      .db('status_calls as c')
      .leftJoin('lead_events as e', (on) => on.on('e.lead_id', 'c.lead_id').on('e.seq', 'c.seq'))
      .where({ 'c.import_id': importId })
      .whereNotNull('e.reason')
      .orderBy('c.row_number')
      .pluck<string[]>('e.reason');
  }

  describe('that is sent again', () => {
    it('is the same whatever was remembered since for columns that it does not have', async () => {
      const file = linesOf([{ conversion_id: await aConversion(), status: 'approved' }]);
      const first = await stage.receive(file);
      assert.deepEqual(first.mapping, { conversion_id: 'conversion_id', status: 'status' });
      await stage.finish(first.import_id);
      await remember({ reason: 'Comment' });
      assertFields(await stage.receive(file), { import_id: first.import_id, was_sent_before: true });
    });

    it('is the same in whatever pieces it comes, and is read by all its columns', async () => {
      await remember({ event_time: 'Date' });
      let round = 0;
      const place = fc.integer({ min: 0, max: 60 });
      const name = fc.constantFrom('Date', 'date', 'event_time', ' Event_Time ');
      const sizes = fc.array(fc.constantFrom(1000, 16_384, 17_000, 40_000, 1_000_000), { minLength: 2, maxLength: 3 });
      const property = fc.asyncProperty(place, name, sizes, async (at, column, [first, ...others]) => {
        const rows = padding(60);
        rows.splice(at, 0, { conversion_id: `round-${round++}`, status: 'approved', [column]: 'yesterday' });
        const file = linesOf(rows);
        const taken = await stage.receive(file, { dryRun: true }, first);
        assert.equal(taken.mapping.event_time, column);
        for (const size of others) {
          assertFields(await stage.receive(file, { dryRun: true }, size), { import_id: taken.import_id });
        }
        await stage.finish(taken.import_id);
        const unread = (await stage.errorsOf(taken.import_id)).filter(({ result }) => result === 'malformed');
        assert.deepEqual(
          unread.map(({ rowNumber }) => rowNumber),
          [at + 1],
        );
      });
      await fc.assert(property, { numRuns: 15 });
    });

    it('is the same by the columns that were named for it, which are remembered', async () => {
      const row = { conversion_id: await aConversion(), status: 'rejected', reason: 'ours' };
      const file = linesOf([row, ...padding(20), { ...row, Why: 'theirs' }]);
      const named = await stage.receive(file, { mapping: { reason: 'why' } });
      assertFields(await stage.finish(named.import_id), { state: 'done', recorded: 1 });
      assert.deepEqual(named.mapping.reason, 'Why');
      assertFields(await stage.receive(file), { import_id: named.import_id, was_sent_before: true });
    });

    it('is another one when a column is named that was not looked for before', async () => {
      const file = linesOf([{ conversion_id: await aConversion(), status: 'approved' }, ...padding(20), { Why: 'x' }]);
      const first = await stage.receive(file);
      const named = await stage.receive(file, { mapping: { reason: 'Why' } });
      assertFields(named, { was_sent_before: false });
      assert.equal(named.mapping.reason, 'Why');
      assert.notEqual(named.import_id, first.import_id);
    });
  });

  it('is read by each name by which one of its objects may call a field, in any case', async () => {
    await remember({ reason: 'Comment' });
    const names = ['Comment', 'REASON', 'why', 'reason', 'comment '];
    const rows = await Promise.all(
      names.map(async (name) => ({ conversion_id: await aConversion(), status: 'rejected', [name]: name })),
    );
    const both = { conversion_id: await aConversion(), status: 'rejected', reason: 'ours', Comment: 'theirs' };
    const { import_id: id } = await stage.receive(linesOf([...rows, ...padding(50), both]), {
      parameters: { reason: 'Why' },
    });
    await stage.finish(id);
    assert.deepEqual(await reasonsOf(id), [...names.map((name) => name.trim()), 'theirs']);
    const named = await stage.receive(linesOf([...rows, both]), { mapping: { reason: 'reason' }, dryRun: true });
    assert.equal(named.mapping.reason, 'REASON');
  });

  it('may have a first object without what another one has', async () => {
    const conversionId = await aConversion();
    const file = linesOf([{ conversion_id: 'nobody' }, ...padding(60), { STATE: 'approved', id: conversionId }]);
    for (const size of [1000, 20_000, 1_000_000]) {
      const { import_id: id } = await stage.receive(
        file,
        { parameters: { status: 'state', conversion_id: 'id' }, dryRun: true },
        size,
      );
      assertFields(await stage.finish(id), { recorded: 1, refused: 61 });
      assertFields(await stage.errorsOf(id).then(([error]) => error), { rowNumber: 1, result: 'malformed' });
    }
  });

  it('is refused when none of its objects has what each row needs, or what the caller names', async () => {
    const file = linesOf(Array.from({ length: 60 }, () => ({ conversion_id: 'nobody', note: WIDE })));
    for (const size of [1000, 1_000_000]) {
      await assert.rejects(stage.receive(file, {}, size), /No column holds the status.*"conversion_id", "note"/);
      const mapping = { status: 'note', reason: 'Why' };
      await assert.rejects(stage.receive(file, { mapping }, size), /no column "Why" for the reason/);
    }
    assert.deepEqual(await stage.db('imports').where({ state: 'receiving' }).select('import_id'), []);
  });

  it('is read to its end as at its begin, whatever is remembered meanwhile and whoever goes on', async () => {
    await remember({ reason: 'Comment' });
    const [first, last] = [await aConversion(), await aConversion()];
    const rows = [
      { conversion_id: first, status: 'rejected', Comment: 'first' },
      ...padding(600),
      { conversion_id: last, status: 'rejected', comment: 'last' },
    ];
    const { import_id: id } = await stage.receive(linesOf(rows));
    assertFields(await stage.batch(id, stage.createWorker({ batchMs: 0 })), { state: 'running' });
    await remember({ reason: 'Why' });
    await stage.finish(id);
    assert.deepEqual(await reasonsOf(id), ['first', 'last']);
    assert.equal((await stage.read(id)).mapping.reason, 'Comment');
  });

  describe('leaves remembered', () => {
    const WITH_TIME = {
      conversion_id: 'nobody',
      status: 'approved',
      When: '2026-01-31T09:15:00Z',
      Date: '2026-01-30T09:15:00Z',
    };

    /** Takes in a file of one row and books it, so its columns are remembered. */
    async function book(row: JsonRow, changes: Partial<GivenFile> = {}): Promise<void> {
      const file = linesOf([{ conversion_id: await aConversion(), status: 'approved', ...row }]);
      const { import_id: id } = await stage.receive(file, changes);
      assertFields(await stage.finish(id), { state: 'done', refused: 0 });
    }

    async function rememberedTime(): Promise<string | undefined> {
      const { mapping } = await stage.receive(linesOf([WITH_TIME]), { dryRun: true, again: true });
      return mapping.event_time;
    }

    for (const [what, changes] of [
      ['of a file', {}],
      ['of a pull', { source: 'pull', again: true }],
    ] as const) {
      it(`the column that no object ${what} has`, async () => {
        await book({ When: '' }, { mapping: { event_time: 'When' } });
        await book({ note: 'x' }, changes);
        assert.equal(await rememberedTime(), 'When');
      });
    }

    it('nothing for a field whose column the caller names anew, once that is booked', async () => {
      await book({ When: '' }, { mapping: { event_time: 'When' } });
      const { import_id: id } = await stage.receive(linesOf([WITH_TIME]), {
        mapping: { event_time: 'Date' },
        dryRun: true,
      });
      assertFields(await stage.finish(id), { state: 'done' });
      assert.equal(await rememberedTime(), 'When');
      await book({ Date: '' }, { mapping: { event_time: 'Date' } });
      await book({});
      assert.equal(await rememberedTime(), 'Date');
    });

    it('nothing that the header of a later CSV file does not name', async () => {
      await book({ When: '' }, { mapping: { event_time: 'When' } });
      await remember({ reason: 'Comment' });
      assert.equal(await rememberedTime(), undefined);
    });
  });

  it('refuses an object that says the same by two names that differ in case alone', async () => {
    const conversionId = await aConversion();
    const { import_id: id } = await stage.receive(
      linesOf([{ conversion_id: conversionId, status: 'approved', Status: 'rejected' }]),
    );
    assertFields(await stage.finish(id), { refused: 1 });
    assert.match((await stage.errorsOf(id))[0]?.message ?? '', /"status" and "Status"/);
    assert.equal(await stage.statusOf(conversionId), null);
  });

  describe('that a version before has taken in', () => {
    const OURS = { conversion_id: 'conversion_id', status: 'status' };
    const GUESSED = { ...OURS, reason: 'Comment', transaction_id: 'transaction_id', event_time: 'Date' };

    async function fileWithLaterReason(): Promise<string> {
      return linesOf([{ conversion_id: await aConversion(), status: 'approved' }, ...padding(20), { Reason: 'x' }]);
    }

    for (const [what, mapping] of [
      ['with the columns of its first object', OURS],
      ['with guesses at columns that it does not have', GUESSED],
      ['with all its columns, and guesses', { ...GUESSED, reason: 'Reason' }],
    ] as const) {
      it(`${what} is found when it is sent again`, async () => {
        const file = await fileWithLaterReason();
        const earlier = await stage.receive(file);
        await takenInEarlier(earlier.import_id, mapping);
        assertFields(await stage.receive(file), { import_id: earlier.import_id, was_sent_before: true });
        assertFields(await stage.receive(file, { again: true }), { was_sent_before: false });
        assertFields(await stage.receive(file, { notify: false }), { was_sent_before: false });
      });

      it(`${what} is not booked by a dry run of it, whichever of the two was taken in before`, async () => {
        const file = await fileWithLaterReason();
        const earlier = await stage.receive(file);
        const tried = await stage.receive(file, { dryRun: true });
        for (const id of [earlier.import_id, tried.import_id]) await stage.finish(id);
        const now = await stage.read(tried.import_id);
        const { names } = await stage.db('imports').where({ import_id: tried.import_id }).first<{ names: object }>();
        const refuses = () =>
          assert.rejects(stage.apply(tried.import_id), new RegExp(`was booked as import ${earlier.import_id}`));
        await takenInEarlier(earlier.import_id, mapping);
        await refuses();
        await takenInEarlier(tried.import_id, OURS);
        await refuses();
        await stage.db('imports').where({ import_id: earlier.import_id }).update({ mapping: now.mapping, names });
        await refuses();
        assertFields(await stage.read(tried.import_id), { dry_run: true, state: 'done' });
      });
    }

    it('is another one by columns that it was not read by', async () => {
      const file = await fileWithLaterReason();
      const earlier = await stage.receive(file);
      await takenInEarlier(earlier.import_id, GUESSED);
      const changes = { mapping: { transaction_id: 'note' } };
      assertFields(await stage.receive(file, changes), { was_sent_before: false });
      const swapped = { mapping: { status: 'note' } };
      assertFields(await stage.receive(file, { ...swapped, dryRun: true }), { was_sent_before: false });
      const { import_id: id } = await stage.receive(file, { ...swapped, dryRun: true });
      await stage.finish(id);
      assertFields(await stage.apply(id), { dry_run: false });
    });

    it('is read on by the columns with which it was taken in', async () => {
      const [first, last] = [await aConversion(), await aConversion()];
      const rows = [
        { conversion_id: first, status: 'rejected', Comment: 'first', reason: 'other' },
        { conversion_id: last, status: 'rejected', comment: 'last' },
      ];
      const { import_id: id } = await stage.receive(linesOf(rows));
      await takenInEarlier(id, GUESSED);
      await stage.finish(id);
      assert.deepEqual(await reasonsOf(id), ['first', 'last']);
    });
  });
});
