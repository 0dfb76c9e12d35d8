import assert from 'node:assert/strict';
import { createAdvertiser, mapWord, updateAdvertiser, type AdvertiserPatch } from '../../src/db/advertisers.ts';
import { PLAIN_VOCABULARY } from '../../src/domain/vocabulary.ts';
import { countLocked } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { reportByFile } from '../support/leads/report-by-file.ts';
import { createPullStage, type PullStage } from './pull-stage.ts';

describe('the rows of an export that is pulled again and again', () => {
  let stage: PullStage;
  let conversion: string;
  let pulls = 0;

  before(async () => {
    stage = await createPullStage();
    await stage.save();
  });
  beforeEach(async () => {
    conversion = (await stage.imports.network.aLead('ann')).conversionId;
  });
  after(() => stage.close());

  type Row = string | [string, string];

  /** What the export says of the conversion now; a note makes each file another one. */
  async function pull(...rows: Row[]) {
    const lines = rows.map((row) => [conversion, ...(typeof row === 'string' ? [row, ''] : row)].join(','));
    return await stage.book(['conversion_id,status,event_time', ...lines, `nobody-${++pulls},approved,`].join('\n'));
  }

  const status = () => stage.imports.statusOf(conversion);
  const callsOf = async () =>
    (await stage.db('status_calls').where({ conversion_id: conversion }).select('call_id')).length;

  async function reportByUrl(word: 'pending' | 'approved' | 'rejected'): Promise<void> {
    await stage.imports.network.report(conversion, word);
  }

  it('count as duplicate, and leave no further call', async () => {
    assertFields(await pull('approved'), { recorded: 1, refused: 1 });
    assertFields(await pull('approved'), { recorded: 0, duplicate: 1 });
    assert.equal(await callsOf(), 1);
  });

  it('are relayed in the order of those of any file', async () => {
    await stage.db('outbox').delete();
    await pull('approved');
    assert.deepEqual(await stage.db('outbox').select('is_bulk', 'bulk_rank'), [{ is_bulk: true, bulk_rank: 0 }]);
  });

  it('are judged again, though nothing has changed in them, once the words of their advertiser have', async () => {
    const { advertiserId } = stage;
    const text = `conversion_id,status\n${conversion},\n${conversion},sold\n`;
    const speak = (vocabulary: AdvertiserPatch['vocabulary']) =>
      updateAdvertiser(stage.db, advertiserId, { vocabulary });
    try {
      assertFields(await stage.book(text), { recorded: 0 });
      assertFields(await stage.attempt(stage.newRun()), { result: 'unchanged' });
      await speak({ ...PLAIN_VOCABULARY, default_status: 'pending' });
      assertFields(await stage.book(text), { recorded: 1 });
      await mapWord(stage.db, { advertiserId, word: 'sold', meaning: 'approved' });
      assertFields(await stage.book(text), { recorded: 1 });
      assert.equal(await status(), 'approved');
      await updateAdvertiser(stage.db, advertiserId, { name: 'The same words' });
      await speak({ ...PLAIN_VOCABULARY, default_status: 'pending', words: { sold: 'approved' } });
      assertFields(await stage.attempt(stage.newRun()), { result: 'unchanged' });
    } finally {
      await speak(null);
    }
  });

  /** Pulls rows while `sold` means something. */
  async function pullWhile(sold: 'approved' | 'rejected' | 'ignore', ...rows: Row[]) {
    await updateAdvertiser(stage.db, stage.advertiserId, { vocabulary: { ...PLAIN_VOCABULARY, words: { sold } } });
    try {
      return await pull(...rows);
    } finally {
      await updateAdvertiser(stage.db, stage.advertiserId, { vocabulary: null });
    }
  }

  for (const [kind, row] of [
    ['without a time', 'sold'],
    ['with a time', ['sold', new Date().toISOString()]],
  ] as const) {
    it(`are taken again, ${kind}, once their word means something else`, async () => {
      assertFields(await pullWhile('rejected', row as Row), { recorded: 1 });
      assertFields(await pullWhile('approved', row as Row), { recorded: 1 });
      assert.equal(await status(), 'approved');
      assertFields(await pullWhile('approved', row as Row), { recorded: 0, duplicate: 1 });
      assert.equal(await callsOf(), 2);
    });
  }

  it('undo no decision that came by another way since, though their word means something else', async () => {
    await pullWhile('approved', 'sold');
    await reportByUrl('rejected');
    await reportByUrl('approved');
    assertFields(await pullWhile('rejected', 'sold'), { recorded: 0, stale: 1 });
    assert.equal(await status(), 'approved');
  });

  it('come to the same end when one of a history means something else', async () => {
    await pullWhile('ignore', 'sold', 'rejected');
    assertFields(await pullWhile('approved', 'sold', 'rejected'), { recorded: 2 });
    assert.equal(await status(), 'rejected');
  });

  it('are repeats where an earlier version has remembered them', async () => {
    await pull('approved');
    await reportByUrl('rejected');
    await stage
      .db('pulled_conversions')
      .where({ conversion_id: conversion })
      .update({ said: stage.db.raw('said[:1]') });
    assertFields(await pull('approved'), { stale: 1, recorded: 0 });
  });

  it('leave nothing beyond some when they are about unknown conversions, and say so', async () => {
    const by = stage.imports.createWorker({ unknownRowsKept: 3 });
    const book = async (prefix: string) => {
      const invented = Array.from({ length: 10 }, (_, index) => `${prefix}${index},${index % 2 ? 'approved' : 'what'}`);
      stage.server.serve(['conversion_id,status', ...invented, `${conversion},approved`].join('\n'));
      const { importId } = await stage.attempt(stage.newRun());
      return { importId: importId ?? '', counts: await stage.imports.batch(importId ?? '', by) };
    };
    const remembered = async () => (await stage.db('pulled_conversions').whereLike('conversion_id', 'x-%')).length;
    const { importId, counts } = await book('x-a');
    assertFields(counts, { recorded: 1, refused: 10 });
    assert.equal((await stage.imports.callsOf(importId)).length, 4);
    assert.equal(await remembered(), 3);
    assert.equal((await stage.imports.errorsOf(importId)).length, 10);
    assert.equal((await stage.pulls())[0]?.unlogged, 7);
    const next = await book('x-b');
    assertFields(next.counts, { recorded: 0, duplicate: 1, refused: 10 });
    assert.equal((await stage.imports.callsOf(next.importId)).length, 3);
    assert.equal(await remembered(), 6);
  });

  it('undo no newer decision that came by URL', async () => {
    await pull('approved');
    await reportByUrl('rejected');
    assertFields(await pull('approved'), { recorded: 0, stale: 1 });
    assert.equal(await status(), 'rejected');
  });

  it('undo no decision that came by URL between their fetch and their booking, though they are new', async () => {
    stage.server.serve(`conversion_id,status\n${conversion},pending\n${conversion},approved\n`);
    const { importId } = await stage.attempt(stage.newRun());
    await reportByUrl('rejected');
    assertFields(await stage.imports.batch(importId ?? ''), { recorded: 0, stale: 2 });
    assert.equal(await status(), 'rejected');
  });

  it('undo no decision that was being committed while they were booked', async () => {
    const { db, imports, server } = stage;
    server.serve(`conversion_id,status\n${conversion},approved\n`);
    const { importId } = await stage.attempt(stage.newRun());
    const call = await db.transaction();
    await reportByFile({ ...imports.network, db: call }, conversion, 'rejected');
    const booked = imports.batch(importId ?? '');
    await eventually(async () => assert.equal(await countLocked(db), 1, 'the row does not wait for the lead'));
    await call.commit();
    assertFields(await booked, { recorded: 0, stale: 1 });
    assert.equal(await status(), 'rejected');
  });

  it('correct a decision that came by URL before their fetch', async () => {
    await reportByUrl('rejected');
    assertFields(await pull('approved'), { recorded: 1 });
    assert.equal(await status(), 'approved');
  });

  it('give a history the same end each time', async () => {
    assertFields(await pull('pending', 'approved', 'rejected'), { recorded: 3 });
    assertFields(await pull('pending', 'approved', 'rejected'), { recorded: 0, stale: 2, duplicate: 1 });
    assert.equal(await status(), 'rejected');
    assert.equal(await callsOf(), 3);
  });

  it('are news once the export says something else, even what it said long ago', async () => {
    await pull('approved');
    assertFields(await pull('rejected'), { recorded: 1 });
    assertFields(await pull('approved'), { recorded: 1 });
    assert.equal(await status(), 'approved');
  });

  it('are no news when an export that left them out lists them again', async () => {
    await pull('approved');
    await reportByUrl('rejected');
    await pull();
    assertFields(await pull('approved'), { stale: 1, recorded: 0 });
    assert.equal(await status(), 'rejected');
  });

  it('are told apart by their own time', async () => {
    const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
    const [first, second, third] = [at(-30), at(-20), at(30)] as const;
    await pull(['approved', first], ['rejected', second]);
    assert.equal(await status(), 'rejected');
    assertFields(await pull(['approved', first], ['rejected', second], ['approved', third]), { recorded: 1 });
    assert.equal(await status(), 'approved');
  });

  it('leave no call when they cannot be read, and are refused each time', async () => {
    assertFields(await pull(['approved', 'yesterday']), { refused: 2 });
    assertFields(await pull(['approved', 'yesterday']), { refused: 2 });
    assert.equal(await callsOf(), 0);
    assertFields(await pull(['approved', '']), { recorded: 1 });
  });

  it('say once more what the export said once, word for word', async () => {
    const file = (word: string) => `conversion_id,status\n${conversion},${word}\n`;
    await stage.book(file('approved'));
    await stage.book(file('rejected'));
    assertFields(await stage.book(file('approved')), { recorded: 1 });
    assert.equal(await status(), 'approved');
  });

  it('still count when they could not be counted before', async () => {
    const { advertiser } = await createAdvertiser(stage.db, { name: 'Other bank' });
    const other = advertiser.advertiser_id;
    const hidden = { conversion_id: conversion };
    await stage.db('conversions').where(hidden).update({ advertiser_id: other });
    assertFields(await pull('approved'), { refused: 2 });
    await stage.db('conversions').where(hidden).update({ advertiser_id: stage.advertiserId });
    assertFields(await pull('approved'), { recorded: 1 });
  });
});
