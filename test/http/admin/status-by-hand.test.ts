import assert from 'node:assert/strict';
import { useSpeakers } from './speakers-stage.ts';

const HOUR_MS = 60 * 60 * 1000;

describe('a status given by hand', () => {
  const stage = useSpeakers();
  const { aSpeaker, ask, log, storyOf, closeWindow } = stage;

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
