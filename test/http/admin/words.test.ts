import assert from 'node:assert/strict';
import request from 'supertest';
import { bodyOf, useSpeakers } from './speakers-stage.ts';

describe("advertisers' words", () => {
  const stage = useSpeakers();
  const { aSpeaker, say, ask, map, inbox, log, storyOf, statusesOf } = stage;

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
    const call = (query: object) => request(stage.publicApp).get(`/advertisers/${speaker.id}/postback`).query(query);
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

  it('can be hostile', async () => {
    const speaker = await aSpeaker();
    for (const status of ['__proto__', 'constructor', '<script>', '%00', '\ud800', '\ud83d\ude00', '😀'.repeat(64)]) {
      const answer = await request(stage.publicApp)
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
      { advertiser_id: speaker.id, word: 'a\u009b', status: 'approved' },
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
});
