import assert from 'node:assert/strict';
import fc from 'fast-check';
import request from 'supertest';
import { createCatalogue } from '../../../src/catalogue/catalogue.ts';
import { loadCatalogue, readCatalogueVersion } from '../../../src/db/catalogue.ts';
import { judgeTransition, statuses, type Status } from '../../../src/domain/status.ts';
import { buildPublicApp } from '../build-public-app.ts';
import { bodyOf, useSpeakers, type Speaker } from './speakers-stage.ts';

const HOUR_MS = 60 * 60 * 1000;

describe('kept calls with unknown words', () => {
  const stage = useSpeakers();
  const { aSpeaker, say, ask, map, inbox, storyOf, statusesOf, closeWindow } = stage;

  /** What the audit log tells of applied calls. */
  async function noted({ id }: Speaker): Promise<{ actor: string; role: string; after: { applied: number } }[]> {
    const rows = await stage
      .db('audit_log')
      .where({ action: 'apply_kept_calls', subject_type: 'advertiser', subject_id: id })
      .orderBy('audit_id')
      .select<{ actor: string; role: string; after: { applied: number } }[]>('actor', 'role', 'after');
    return rows.map((row) => ({ ...row }));
  }

  it('are mapped: the kept calls are applied in their order, and the story tells the word', async () => {
    const speaker = await aSpeaker();
    const [a, b] = [await speaker.convert(), await speaker.convert()];
    for (const [conversion, status] of [
      [a, 'lead'],
      [b, 'sale'],
      [a, 'sale'],
      [a, 'sale'],
      [b, 'trash'],
    ] as const) {
      await say(speaker, { conversion_id: conversion.conversionId, status }).expect(422);
    }
    assert.deepEqual(await map(speaker, 'LEAD', 'pending'), {
      ...{ advertiser_id: speaker.id, word: 'lead', status: 'pending' },
      ...{ applied: 1, not_applied: 0, results: { recorded: 1 }, waiting: 0 },
    });
    const words = { lead: 'pending', sale: 'approved', trash: 'rejected' };
    const { kept_calls } = bodyOf<{ kept_calls: object }>(
      await ask('patch', `/advertisers/${speaker.id}`).send({ vocabulary: { words } }).expect(200),
    );
    const kept = { applied: 3, not_applied: 1, results: { recorded: 3, duplicate: 1 }, waiting: 0 };
    assert.deepEqual(kept_calls, kept);
    assert.deepEqual(await statusesOf(a.conversionId), ['pending', 'approved']);
    assert.deepEqual(await statusesOf(b.conversionId), ['approved', 'rejected']);
    assert.deepEqual(await inbox(speaker), []);
    const story = await storyOf(a.conversionId);
    assert.deepEqual(
      story.statuses.map(({ call }) => [call.word, call.status]),
      [
        ['lead', 'pending'],
        ['sale', 'approved'],
      ],
    );
    assert.ok(story.timeline.some(({ what }) => /approved .* with the word "sale", judged again/.test(what)));
    assert.deepEqual((await map(speaker, 'sale', 'approved')).applied, 0, 'nothing is applied twice');
  });

  it('are noted in the audit log by whom they were applied, also where the words stay as they are', async () => {
    const speaker = await aSpeaker();
    const { conversionId } = await speaker.convert();
    await say(speaker, { conversion_id: conversionId, status: 'sale' }).expect(422);
    await say(speaker, { conversion_id: 'nobody', status: 'sale' }).expect(422);
    const calls = await stage
      .db('status_calls')
      .where({ advertiser_id: speaker.id })
      .orderBy('call_id')
      .pluck<number[]>('call_id');
    const vocabulary = { words: { sale: 'approved' }, default_status: null, parameters: {} };
    await stage.db('advertisers').where({ advertiser_id: speaker.id }).update({ vocabulary });
    const save = () => ask('patch', `/advertisers/${speaker.id}`).send({ vocabulary }).expect(200);
    await save();
    assert.deepEqual(await noted(speaker), [
      {
        ...{ actor: 'root', role: 'admin' },
        after: {
          ...{ applied: 1, not_applied: 1, results: { recorded: 1, unknown_conversion: 1 } },
          ...{ first_call_id: calls[0], last_call_id: calls[1] },
        },
      },
    ]);
    await save();
    assert.equal((await noted(speaker)).length, 1, 'nothing was done');
  });

  it('are known to every process as soon as they are explained', async () => {
    const speaker = await aSpeaker();
    const { conversionId } = await speaker.convert();
    const catalogue = createCatalogue({
      load: () => loadCatalogue(stage.db),
      readVersion: () => readCatalogueVersion(stage.db),
      pollIntervalMs: 60_000,
    });
    await catalogue.start();
    catalogue.stop();
    const { app } = await buildPublicApp({ statuses: stage.network.statuses, catalogue });
    const vocabulary = { words: { sale: 'approved' }, parameters: { conversion_id: 'click_id' } };
    await ask('patch', `/advertisers/${speaker.id}`).send({ vocabulary }).expect(200);
    const query = { click_id: conversionId, status: 'sale', token: speaker.token };
    await request(app).get(`/advertisers/${speaker.id}/postback`).query(query).expect(200);
    assert.deepEqual(await statusesOf(conversionId), ['approved']);
  });

  it('are applied by the window of the time when the call came', async () => {
    const speaker = await aSpeaker();
    const [early, late] = [await speaker.convert(), await speaker.convert()];
    const windowMs = 14 * 24 * HOUR_MS;
    await closeWindow(late.leadId, windowMs + HOUR_MS);
    for (const { conversionId } of [early, late]) {
      await say(speaker, { conversion_id: conversionId, status: 'sale' }).expect(422);
    }
    // Meanwhile the window of the first ends as well.
    await closeWindow(early.leadId, windowMs + HOUR_MS);
    await stage
      .db('status_calls')
      .where({ conversion_id: early.conversionId })
      .update({ at: new Date(Date.now() - 2 * HOUR_MS) });
    const { applied, results } = await map(speaker, 'sale', 'approved');
    assert.deepEqual({ applied, results }, { applied: 1, results: { recorded: 1, window_closed: 1 } });
    assert.deepEqual(await statusesOf(early.conversionId), ['approved']);
    assert.deepEqual(await statusesOf(late.conversionId), []);
  });

  it('do not undo a decision that came after them', async () => {
    const speaker = await aSpeaker();
    const [decided, waiting] = [await speaker.convert(), await speaker.convert()];
    for (const { conversionId } of [decided, waiting]) {
      await say(speaker, { conversion_id: conversionId, status: 'sale' }).expect(422);
    }
    await say(speaker, { conversion_id: decided.conversionId, status: 'rejected' }).expect(200);
    await say(speaker, { conversion_id: waiting.conversionId, status: 'pending' }).expect(200);
    const { results } = await map(speaker, 'sale', 'approved');
    assert.deepEqual(results, { stale: 1, recorded: 1 });
    assert.equal((await storyOf(decided.conversionId)).status, 'rejected');
    assert.equal((await storyOf(waiting.conversionId)).status, 'approved');
  });

  it('do not undo a decision that was said once more after them', async () => {
    const speaker = await aSpeaker();
    const { conversionId } = await speaker.convert();
    await say(speaker, { conversion_id: conversionId, status: 'rejected' }).expect(200);
    await say(speaker, { conversion_id: conversionId, status: 'sale' }).expect(422);
    await say(speaker, { conversion_id: conversionId, status: 'rejected' }).expect(200);
    await map(speaker, 'sale', 'approved');
    assert.equal((await storyOf(conversionId)).status, 'rejected');
  });

  it('make no difference in the end, whether they are explained before the calls come or after', async () => {
    const words: Record<string, Status> = { lead: 'pending', sale: 'approved', trash: 'rejected' };
    const call = fc.tuple(fc.nat(2), fc.constantFrom(...Object.keys(words), ...statuses));
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (calls) => {
        const speaker = await aSpeaker();
        const conversions = [await speaker.convert(), await speaker.convert(), await speaker.convert()];
        const expected: (Status | null)[] = [null, null, null];
        for (const [index, word] of calls) {
          await say(speaker, { conversion_id: conversions[index]?.conversionId, status: word });
          const status = words[word] ?? (word as Status);
          if (judgeTransition(expected[index] ?? null, status) === 'recorded') expected[index] = status;
        }
        await ask('patch', `/advertisers/${speaker.id}`).send({ vocabulary: { words } }).expect(200);
        const found = await Promise.all(conversions.map(({ conversionId }) => storyOf(conversionId)));
        assert.deepEqual(
          found.map(({ status }) => status),
          expected,
        );
        assert.deepEqual(await inbox(speaker), []);
      }),
      { numRuns: 12 },
    );
  });

  it('of thousands of kept calls are applied in batches, and go on where somebody was interrupted', async () => {
    const speaker = await aSpeaker();
    const { conversionId } = await speaker.convert();
    const raw = (status: string) => ({ method: 'GET', query: { conversion_id: conversionId, status }, body: null });
    const rows = Array.from({ length: 1500 }, (_, index) => {
      const word = index % 2 === 0 ? 'sale' : 'trash';
      return { advertiser_id: speaker.id, conversion_id: conversionId, word, raw: raw(word), result: 'unknown_word' };
    });
    await stage.db.batchInsert('status_calls', rows, 500);
    const vocabulary = { words: { sale: 'approved', trash: 'rejected' }, default_status: null, parameters: {} };
    await stage.db('advertisers').where({ advertiser_id: speaker.id }).update({ vocabulary });
    const anna = { advertiserId: speaker.id, actor: { name: 'anna', role: 'operate' as const } };
    // As if whoever applies them had been killed at once.
    assert.deepEqual(await stage.network.statuses.applyKept({ ...anna, withinMs: 0 }), {
      ...{ applied: 0, notApplied: 0, results: {}, waiting: 1500 },
    });
    assert.equal((await inbox(speaker))[0]?.meaning, 'approved');
    // Two at once judge each of them once.
    const both = await Promise.all([1, 2].map(() => stage.network.statuses.applyKept({ ...anna, withinMs: 60_000 })));
    assert.equal(
      both.reduce((sum, { applied }) => sum + applied, 0),
      1500,
    );
    assert.equal(
      (await noted(speaker)).reduce((sum, { after }) => sum + after.applied, 0),
      1500,
      'each batch is noted',
    );
    const events = stage.db('lead_events').where({ conversion_id: conversionId, type: 'status' }).orderBy('seq');
    const recorded = (await events.select<{ status: string }[]>('status')).map(({ status }) => status);
    assert.ok(recorded.every((status, index) => status === (index % 2 === 0 ? 'approved' : 'rejected')));
  });

  it('are told how many were applied so far when applying them is interrupted, and go on later', async () => {
    const speaker = await aSpeaker();
    const { conversionId } = await speaker.convert();
    const query = { conversion_id: conversionId, status: 'sale' };
    const row = { advertiser_id: speaker.id, conversion_id: conversionId, word: 'sale', result: 'unknown_word' };
    const rows = Array.from({ length: 250 }, () => ({ ...row, raw: { method: 'GET', query, body: null } }));
    await stage.db.batchInsert('status_calls', rows, 250);
    const lastId = (await stage.db('status_calls').where(row).orderBy('call_id').pluck<number[]>('call_id')).at(-1);
    await stage.db.raw(`
      create function fail() returns trigger language plpgsql as $$ begin raise exception 'The disk is full.'; end $$;
      create trigger fails before update on status_calls for each row when (new.call_id = ${lastId}) execute function fail()`);
    const mapped = { advertiser_id: speaker.id, word: 'sale', status: 'approved' };
    const refused = bodyOf<{ detail: string }>(await ask('post', '/unknown-words').send(mapped).expect(503));
    assert.match(refused.detail, /is saved.*so far 1 kept calls were recorded and 199 changed nothing/);
    await stage.db.raw('drop trigger fails on status_calls; drop function fail');
    const left = await map(speaker, 'sale', 'approved');
    assert.deepEqual(left, {
      ...{ advertiser_id: speaker.id, word: 'sale', status: 'approved' },
      ...{ applied: 0, not_applied: 50, results: { duplicate: 50 }, waiting: 0 },
    });
  });

  it('in a flood hide no other advertiser', async () => {
    const [noisy, quiet] = [await aSpeaker(), await aSpeaker()];
    const rows = Array.from({ length: 1000 }, (_, index) => ({
      ...{ advertiser_id: noisy.id, word: `w${String(index).padStart(4, '0')}`, result: 'unknown_word' },
      raw: { method: 'GET', query: {}, body: null },
    }));
    await stage.db.batchInsert('status_calls', rows, 500);
    await say(quiet, { conversion_id: 'c', status: 'sold' }).expect(422);
    const listed: { advertiser_id: string; word: string }[] = [];
    let cursor: string | null = '';
    do {
      const answer = await ask('get', `/unknown-words?limit=40${cursor ? `&cursor=${cursor}` : ''}`).expect(200);
      const page = answer.body as { items: { advertiser_id: string; word: string }[]; next_cursor: string | null };
      listed.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    assert.equal(listed.filter((each) => each.advertiser_id === noisy.id).length, 100);
    assert.equal(listed.filter((each) => each.advertiser_id === quiet.id).length, 1);
    const whole = await ask('get', `/unknown-words?limit=200&advertiser_id=${noisy.id}`).expect(200);
    assert.equal(bodyOf<{ items: unknown[] }>(whole).items.length, 200);
  });
});
