import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Express } from 'express';
import type { Knex } from 'knex';
import request from 'supertest';
import { createCatalogue } from '../../../src/catalogue/catalogue.ts';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import { loadCatalogue, readCatalogueVersion } from '../../../src/db/catalogue.ts';
import { createOffer } from '../../../src/db/offers.ts';
import { judgeTransition, statuses, type Status } from '../../../src/domain/status.ts';
import { newConversionId, newLeadId } from '../../../src/new-ids.ts';
import { createTestDatabase } from '../../support/database.ts';
import { freshCatalogue } from '../../support/fresh-catalogue.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY, buildOpsApp } from '../build-ops-app.ts';
import { buildPublicApp } from '../build-public-app.ts';

type Word = { word: string; count: number; first_seen: string; last_seen: string; meaning: string; suggestion: string };
type Call = { call_id: number; result: string; word: string; explanation: string; repair: string; verdict: string };
type Story = {
  status: Status | null;
  statuses: { status: Status; call: { word: string; status: string; raw: unknown; source: string } }[];
  other_calls: { result: string; word: string }[];
  timeline: { what: string }[];
};

const HOUR_MS = 60 * 60 * 1000;

/** An advertiser of its own, who calls by HTTP in its own words. */
type Speaker = { id: string; token: string; convert: () => Promise<{ leadId: string; conversionId: string }> };

const bodyOf = <T>(response: request.Response) => response.body as T;

describe("advertisers' words", () => {
  let network: Network;
  let db: Knex;
  let ops: Express;
  let publicApp: Express;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    ops = buildOpsApp(network).app;
    publicApp = (await buildPublicApp({ statuses: network.statuses, catalogue: await freshCatalogue(db) })).app;
  });

  after(() => network.close());

  async function aSpeaker(): Promise<Speaker> {
    const { advertiser, token } = await createAdvertiser(db, { name: 'Speaker' });
    const id = advertiser.advertiser_id;
    const { offer_id: offerId } = await createOffer(db, {
      ...{ advertiser_id: id, name: 'Card', url: 'https://bank.example/?click={conversion_id}' },
      reward: { amount: 100, currency: 'EUR' },
    });
    return {
      id,
      token,
      async convert() {
        const [leadId, conversionId] = [newLeadId(), newConversionId()];
        await network.touch(leadId, await network.partner(), 'click-1');
        const conversion = { conversionId, offerId, advertiserId: id };
        await network.clicks.record({ leadId, touch: null, conversion });
        return { leadId, conversionId };
      },
    };
  }

  const say = ({ id, token }: Speaker, query: object) =>
    request(publicApp)
      .get(`/advertisers/${id}/postback`)
      .query({ token, ...query });
  const ask = (method: 'get' | 'post' | 'patch', path: string) =>
    request(ops)[method](`/v1/admin${path}`).set('authorization', `Bearer ${ADMIN_KEY}`);
  const map = async ({ id }: Speaker, word: string, status: string) => {
    const { body } = (await ask('post', '/unknown-words').send({ advertiser_id: id, word, status }).expect(200)) as {
      body: { applied: number; not_applied: number; results: object; waiting: number };
    };
    return body;
  };
  const inbox = async ({ id }: Speaker) => {
    const { body } = (await ask('get', `/unknown-words?advertiser_id=${id}`).expect(200)) as {
      body: { items: Word[] };
    };
    return body.items;
  };
  const log = async (query: string) => {
    const { body } = (await ask('get', `/status-calls?${query}`).expect(200)) as { body: { items: Call[] } };
    return body.items;
  };
  const storyOf = async (conversionId: string) =>
    ((await ask('get', `/conversions/${conversionId}`).expect(200)) as { body: Story }).body;
  const statusesOf = async (conversionId: string) => (await storyOf(conversionId)).statuses.map(({ status }) => status);
  const closeWindow = (leadId: string, agoMs: number) =>
    db('leads')
      .where({ lead_id: leadId })
      .update({ last_activity_at: new Date(Date.now() - agoMs) });

  it('of two advertisers may contradict each other', async () => {
    const [one, other] = [await aSpeaker(), await aSpeaker()];
    for (const [speaker, words] of [
      [one, { '1': 'approved', x: 'rejected' }],
      [other, { '1': 'rejected', x: 'pending' }],
    ] as const) {
      await ask('patch', `/advertisers/${speaker.id}`).send({ vocabulary: { words } }).expect(200);
    }
    for (const [speaker, word, status] of [
      [one, '1', 'approved'],
      [other, ' 1', 'rejected'],
      [one, 'X', 'rejected'],
      [other, 'x ', 'pending'],
    ] as const) {
      const { conversionId } = await speaker.convert();
      const body = bodyOf(await say(speaker, { conversion_id: conversionId, status: word }).expect(200));
      assert.deepEqual(body, { conversion_id: conversionId, status, result: 'recorded' });
    }
  });

  it('and names of parameters are taken for ours, with the token under its own name, which is not kept', async () => {
    const speaker = await aSpeaker();
    const { conversionId } = await speaker.convert();
    const parameters = { conversion_id: 'click_id', status: 'state', reason: 'why', token: 'Secret' };
    const vocabulary = { words: { sale: 'approved' }, default_status: 'pending', parameters };
    await ask('patch', `/advertisers/${speaker.id}`).send({ vocabulary }).expect(200);
    const call = (query: object) => request(publicApp).get(`/advertisers/${speaker.id}/postback`).query(query);
    await call({ Secret: speaker.token, click_id: conversionId }).expect(200);
    const sent = { Secret: speaker.token, click_id: conversionId, state: 'SALE', why: 'paid' };
    assert.equal(((await call(sent).expect(200)).body as { status: string }).status, 'approved');
    await call({ ...sent, Secret: `${speaker.token}x` }).expect(401);
    assert.deepEqual(await statusesOf(conversionId), ['pending', 'approved']);
    const kept = JSON.stringify(await log(`advertiser_id=${speaker.id}`));
    assert.ok(!kept.includes(speaker.token) && !kept.includes('"Secret"'), kept);
  });

  it('that are to be ignored are answered 200, kept, and change nothing', async () => {
    const speaker = await aSpeaker();
    const { conversionId } = await speaker.convert();
    await ask('patch', `/advertisers/${speaker.id}`)
      .send({ vocabulary: { words: { test: 'ignore' } } })
      .expect(200);
    const body = bodyOf(await say(speaker, { conversion_id: conversionId, status: 'TEST' }).expect(200));
    assert.deepEqual(body, { conversion_id: conversionId, status: null, result: 'ignored' });
    assert.deepEqual((await say(speaker, { status: 'test' }).expect(200)).body, {
      ...{ conversion_id: null, status: null, result: 'ignored' },
    });
    assert.equal((await storyOf(conversionId)).status, null);
    assert.equal((await log(`advertiser_id=${speaker.id}&result=ignored`)).length, 2);
  });

  it('that nobody knows are refused, kept, and stand in the inbox with what others mean by them', async () => {
    const speaker = await aSpeaker();
    for (const word of ['Sale', 'sale', '1', 'sold']) {
      const { conversionId } = await speaker.convert();
      await say(speaker, { conversion_id: conversionId, status: word }).expect(422);
    }
    const words = await inbox(speaker);
    assert.deepEqual(
      words.map(({ word, count, suggestion, meaning }) => [word, count, suggestion, meaning]),
      [
        ['1', 1, null, null],
        ['sale', 2, 'approved', null],
        ['sold', 1, null, null],
      ],
    );
    const [, sale] = words;
    assert.ok(sale && sale.first_seen < sale.last_seen);
  });

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

  it('are known to every process as soon as they are explained', async () => {
    const speaker = await aSpeaker();
    const { conversionId } = await speaker.convert();
    const catalogue = createCatalogue({
      load: () => loadCatalogue(db),
      readVersion: () => readCatalogueVersion(db),
      pollIntervalMs: 60_000,
    });
    await catalogue.start();
    catalogue.stop();
    const { app } = await buildPublicApp({ statuses: network.statuses, catalogue });
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
    await db('status_calls')
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
    await db.batchInsert('status_calls', rows, 500);
    const vocabulary = { words: { sale: 'approved', trash: 'rejected' }, default_status: null, parameters: {} };
    await db('advertisers').where({ advertiser_id: speaker.id }).update({ vocabulary });
    // As if whoever applies them had been killed at once.
    assert.deepEqual(await network.statuses.applyKept(speaker.id, 0), {
      ...{ applied: 0, notApplied: 0, results: {}, waiting: 1500 },
    });
    assert.equal((await inbox(speaker))[0]?.meaning, 'approved');
    // Two at once judge each of them once.
    const both = await Promise.all([1, 2].map(() => network.statuses.applyKept(speaker.id, 60_000)));
    assert.equal(
      both.reduce((sum, { applied }) => sum + applied, 0),
      1500,
    );
    const events = db('lead_events').where({ conversion_id: conversionId, type: 'status' }).orderBy('seq');
    const recorded = (await events.select<{ status: string }[]>('status')).map(({ status }) => status);
    assert.ok(recorded.every((status, index) => status === (index % 2 === 0 ? 'approved' : 'rejected')));
  });

  it('are told how many were applied so far when applying them is interrupted, and go on later', async () => {
    const speaker = await aSpeaker();
    const { conversionId } = await speaker.convert();
    const query = { conversion_id: conversionId, status: 'sale' };
    const row = { advertiser_id: speaker.id, conversion_id: conversionId, word: 'sale', result: 'unknown_word' };
    const rows = Array.from({ length: 250 }, () => ({ ...row, raw: { method: 'GET', query, body: null } }));
    await db.batchInsert('status_calls', rows, 250);
    const lastId = (await db('status_calls').where(row).orderBy('call_id').pluck<number[]>('call_id')).at(-1);
    await db.raw(`
      create function fail() returns trigger language plpgsql as $$ begin raise exception 'The disk is full.'; end $$;
      create trigger fails before update on status_calls for each row when (new.call_id = ${lastId}) execute function fail()`);
    const mapped = { advertiser_id: speaker.id, word: 'sale', status: 'approved' };
    const refused = bodyOf<{ detail: string }>(await ask('post', '/unknown-words').send(mapped).expect(503));
    assert.match(refused.detail, /is saved.*so far 1 kept calls were recorded and 199 changed nothing/);
    await db.raw('drop trigger fails on status_calls; drop function fail');
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
    await db.batchInsert('status_calls', rows, 500);
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

  it('can be hostile', async () => {
    const speaker = await aSpeaker();
    for (const status of ['__proto__', 'constructor', '<script>', '%00', '\ud800', '\ud83d\ude00', '😀'.repeat(64)]) {
      const answer = await request(publicApp)
        .post(`/advertisers/${speaker.id}/postback`)
        .send({ token: speaker.token, conversion_id: 'c', status });
      assert.ok([400, 422].includes(answer.status), `${status}: ${answer.status}`);
    }
    const words = await inbox(speaker);
    assert.ok(words.length >= 4);
    for (const { word } of words) await map(speaker, word, 'ignore');
    assert.deepEqual(await inbox(speaker), []);
    for (const body of [
      {},
      { advertiser_id: speaker.id, word: '', status: 'approved' },
      { advertiser_id: speaker.id, word: ' ', status: 'approved' },
      { advertiser_id: speaker.id, word: 'a\0', status: 'approved' },
      { advertiser_id: speaker.id, word: '\ud800', status: 'approved' },
      { advertiser_id: speaker.id, word: 'w'.repeat(65), status: 'approved' },
      { advertiser_id: speaker.id, word: 'sale', status: 'paid' },
      { advertiser_id: [speaker.id], word: {}, status: null },
    ]) {
      await ask('post', '/unknown-words').send(body).expect(400);
    }
    await ask('post', '/unknown-words').send({ advertiser_id: 'nobody', word: 'a', status: 'ignore' }).expect(404);
    for (const cursor of ['x', '', 'YSAxIC8', Buffer.from('a 1 AA').toString('base64url')]) {
      const { status } = await ask('get', `/unknown-words?cursor=${cursor}`);
      assert.ok(status === 400 || status === 200, `${cursor}: ${status}`);
    }
  });

  describe('in the inbound log', () => {
    it('each call says what became of it and what to do, with secrets hidden', async () => {
      const speaker = await aSpeaker();
      const { conversionId } = await speaker.convert();
      await say(speaker, { conversion_id: conversionId, status: 'approved' }).expect(200);
      await say(speaker, { conversion_id: conversionId, status: 'approved' }).expect(200);
      await say(speaker, { conversion_id: conversionId, status: 'pending' }).expect(200);
      await say(speaker, { conversion_id: conversionId, status: 'sold' }).expect(422);
      await say(speaker, { conversion_id: 'none', status: 'approved' }).expect(404);
      await say(speaker, { click: conversionId, key: `ck_123456${'a'.repeat(26)}` }).expect(400);
      const calls = await log(`advertiser_id=${speaker.id}`);
      assert.deepEqual(
        calls.map(({ result, verdict, repair }) => [result, verdict, repair]),
        [
          ['malformed', 'refused', 'rejudge'],
          ['unknown_conversion', 'refused', 'rejudge'],
          ['unknown_word', 'refused', 'rejudge'],
          ['stale', 'no_effect', null],
          ['duplicate', 'no_effect', null],
          ['recorded', 'recorded', null],
        ],
      );
      assert.match(calls[0]?.explanation ?? '', /^conversion_id is missing/);
      assert.match(calls[2]?.explanation ?? '', /"sold" is no word that we know/);
      assert.match(calls[5]?.explanation ?? '', /^It says approved: event 3 of its lead/);
      assert.ok(!JSON.stringify(calls).includes('aaaaaaaa'));
      const body = bodyOf(await ask('get', `/status-calls/${calls[0]?.call_id}`).expect(200));
      assert.deepEqual(body, calls[0]);
      for (const id of ['0', '-1', 'x', '99999999', '9'.repeat(30)])
        await ask('get', `/status-calls/${id}`).expect(404);
      for (const query of [
        'from=9999-12-31T23:59:59.999Z',
        'to=9999-12-31T23:59:59.999Z',
        'from=1970-01-01T00:00:00Z',
      ]) {
        await ask('get', `/status-calls?${query}`).expect(200);
      }
      for (const query of ['result=bad', 'from=yesterday', 'cursor=x', 'limit=0', 'conversion_id=', 'more=1']) {
        await ask('get', `/status-calls?${query}`).expect(400);
      }
    });

    it('a row of a file with a time that is not possible says so, and is not offered to be judged again in vain', async () => {
      const speaker = await aSpeaker();
      const { conversionId } = await speaker.convert();
      const judged = async (event_time: string, status: string | null) => {
        const body = { conversion_id: conversionId, status: 'approved', event_time };
        const row = {
          advertiser_id: speaker.id,
          conversion_id: conversionId,
          word: 'approved',
          status,
          source: 'import',
        };
        await db('status_calls').insert({ ...row, raw: { method: 'IMPORT', query: {}, body }, result: 'malformed' });
        const [call] = await log(`advertiser_id=${speaker.id}`);
        return [call?.repair, call?.explanation] as const;
      };
      const [unread, sentence] = await judged('yesterday', null);
      assert.equal(unread, null);
      assert.match(sentence ?? '', /"yesterday" is no time that can be read.*send it in another file/);
      const [early, why] = await judged('2026-01-01T00:00:00Z', 'approved');
      assert.equal(early, null);
      assert.match(why ?? '', /2026-01-01T00:00:00.000Z, is before its conversion began/);
      const [ahead, when] = await judged('2999-01-01T00:00:00Z', 'approved');
      assert.equal(ahead, 'rejudge');
      assert.match(when ?? '', /lay ahead when it came: it can be judged again/);
    });

    it('a call with a wrong parameter name is judged again when the name is known', async () => {
      const speaker = await aSpeaker();
      const { conversionId } = await speaker.convert();
      await say(speaker, { click_id: conversionId, status: 'approved' }).expect(400);
      const [call] = await log(`advertiser_id=${speaker.id}`);
      const rejudge = () => ask('post', `/status-calls/${call?.call_id}/rejudge`);
      const still = { call_id: call?.call_id, conversion_id: null, status: null, result: 'malformed' };
      assert.deepEqual((await rejudge().expect(200)).body, still);
      const vocabulary = { parameters: { conversion_id: 'click_id' } };
      await ask('patch', `/advertisers/${speaker.id}`).send({ vocabulary }).expect(200);
      const [repaired] = await log(`advertiser_id=${speaker.id}`);
      assert.match(repaired?.explanation ?? '', /With the words and names of today it can: judge it again/);
      assert.deepEqual((await rejudge().expect(200)).body, {
        ...{ call_id: call?.call_id, conversion_id: conversionId, status: 'approved', result: 'recorded' },
      });
      assert.deepEqual(await statusesOf(conversionId), ['approved']);
      await rejudge().expect(409);
    });

    it('a call about a conversion that was not there is judged again, and what needs no repair is not', async () => {
      const speaker = await aSpeaker();
      const { leadId, conversionId } = await speaker.convert();
      await say(speaker, { conversion_id: conversionId, status: 'pending' }).expect(200);
      await closeWindow(leadId, 15 * 24 * HOUR_MS);
      await say(speaker, { conversion_id: conversionId, status: 'approved' }).expect(409);
      await say(speaker, { conversion_id: 'none', status: 'approved' }).expect(404);
      const [absent, late, recorded] = await log(`advertiser_id=${speaker.id}`);
      const rejudge = (id?: number) => ask('post', `/status-calls/${id}/rejudge`);
      assert.equal(((await rejudge(absent?.call_id).expect(200)).body as Call).result, 'unknown_conversion');
      const refused = (await rejudge(late?.call_id).expect(409)).body as { detail: string };
      assert.match(refused.detail, /can be accepted late/);
      await rejudge(recorded?.call_id).expect(409);
      await rejudge(2 ** 40).expect(404);
    });
  });

  describe('and a status given by hand', () => {
    const give = (conversionId: string, body: object) => ask('post', `/conversions/${conversionId}/status`).send(body);

    it('is recorded like any other, whatever the window says, and told as made by ops', async () => {
      const speaker = await aSpeaker();
      const { leadId, conversionId } = await speaker.convert();
      const given = { status: 'approved', reason: 'confirmed by mail', comment: 'ticket 17' };
      const answer = { conversion_id: conversionId, status: 'approved', result: 'recorded' };
      assert.deepEqual((await give(conversionId, given).expect(200)).body, answer);
      assert.deepEqual((await give(conversionId, given).expect(200)).body, { ...answer, result: 'duplicate' });
      await closeWindow(leadId, 15 * 24 * HOUR_MS);
      await give(conversionId, { status: 'rejected', reason: 'fraud' }).expect(200);
      const story = await storyOf(conversionId);
      assert.deepEqual(
        story.statuses.map(({ status, call }) => [status, call.source]),
        [
          ['approved', 'ops'],
          ['rejected', 'ops'],
        ],
      );
      assert.ok(
        story.timeline.some(({ what }) => /approved \(confirmed by mail\) .*given by ops .*ticket 17/.test(what)),
      );
      const calls = await log(`conversion_id=${conversionId}`);
      assert.deepEqual(
        calls.map(({ result }) => result),
        ['accepted_late', 'duplicate', 'recorded'],
      );
    });

    it('needs a reason and a conversion', async () => {
      const { conversionId } = await (await aSpeaker()).convert();
      for (const body of [
        {},
        { status: 'approved' },
        { status: 'paid', reason: 'x' },
        { status: 'approved', reason: ' ' },
      ]) {
        await give(conversionId, body).expect(400);
      }
      for (const reason of ['\0', '\ud800', 'a\nb', 'r'.repeat(501)]) {
        await give(conversionId, { status: 'approved', reason }).expect(400);
      }
      await give('none', { status: 'approved', reason: 'x' }).expect(404);
      assert.equal((await storyOf(conversionId)).status, null);
    });
  });
});
