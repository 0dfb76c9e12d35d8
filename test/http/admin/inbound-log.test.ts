import assert from 'node:assert/strict';
import { bodyOf, useSpeakers, type Call } from './speakers-stage.ts';

const HOUR_MS = 60 * 60 * 1000;

describe('in the inbound log', () => {
  const stage = useSpeakers();
  const { aSpeaker, say, ask, log, statusesOf, closeWindow } = stage;

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
    for (const id of ['0', '-1', 'x', '99999999', '9'.repeat(30)]) await ask('get', `/status-calls/${id}`).expect(404);
    for (const query of ['from=9999-12-31T23:59:59.999Z', 'to=9999-12-31T23:59:59.999Z', 'from=1970-01-01T00:00:00Z']) {
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
      await stage
        .db('status_calls')
        .insert({ ...row, raw: { method: 'IMPORT', query: {}, body }, result: 'malformed' });
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
