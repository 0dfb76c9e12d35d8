import assert from 'node:assert/strict';
import { createCallSlots } from '../../activities/call-slots.ts';
import { NOT_STARTED, type LeadActivities } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { createDeliveryStage, type DeliveryStage } from './delivery-stage.ts';
import { answer } from './settling.ts';

const MANY = 100;

describe('slots of an origin', () => {
  it('are as many as allowed, and each can be taken again when it is given back', () => {
    const slots = createCallSlots({ perPartner: MANY, perOrigin: 2 });
    const giveBack = slots.take('ann', 'https://a.example/x');
    assert.ok(giveBack && slots.take('bob', 'https://a.example/y?z'));
    assert.equal(slots.take('ann', 'https://a.example/'), undefined);
    giveBack();
    assert.ok(slots.take('ann', 'https://a.example/'));
    assert.equal(slots.take('ann', 'https://a.example/'), undefined);
  });

  it('are not shared with another host, scheme or port', () => {
    const slots = createCallSlots({ perPartner: MANY, perOrigin: 1 });
    const urls = ['https://a.example/', 'https://b.example/', 'http://a.example/', 'https://a.example:8443/'];
    assert.ok(urls.every((url) => slots.take('ann', url)));
  });
});

describe('slots of a partner', () => {
  it('are as many as allowed over all its origins, and are not shared with another partner', () => {
    const slots = createCallSlots({ perPartner: 2, perOrigin: MANY });
    const giveBack = slots.take('ann', 'https://a.example/');
    assert.ok(giveBack && slots.take('ann', 'https://b.example/'));
    assert.equal(slots.take('ann', 'https://c.example/'), undefined);
    assert.ok(slots.take('bob', 'https://c.example/'));
    giveBack();
    assert.ok(slots.take('ann', 'https://c.example/'));
  });

  it('are not used up by calls that find their origin busy', () => {
    const slots = createCallSlots({ perPartner: 2, perOrigin: 1 });
    assert.ok(slots.take('ann', 'https://a.example/'));
    for (let call = 0; call < 3; call++) assert.equal(slots.take('ann', 'https://a.example/'), undefined);
    assert.ok(slots.take('ann', 'https://b.example/'));
  });
});

describe('a partner who has as many calls under way as it may', () => {
  let stage: DeliveryStage;

  before(async () => {
    stage = await createDeliveryStage();
  });

  after(() => stage.close());

  it('has the next one put off without an attempt, whatever its host; another partner is called', async () => {
    const worker: LeadActivities = stage.anotherWorker({ concurrentPerPartner: 2 });
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    stage.partner.script = [1, 2].map(() => async () => (await gate, answer(200)));
    const partnerId = await stage.network.partner(settingsFor('https://one.example/?c={ref_id}'));
    const postbackTo = async (host: string) => {
      await stage
        .db('partners')
        .where({ partner_id: partnerId })
        .update({ postback: JSON.stringify(settingsFor(`https://${host}/?c={ref_id}`)) });
      return (await stage.duePostback({ partnerId })).postbackId;
    };
    const hanging: Promise<unknown>[] = [];
    for (const host of ['one.example', 'two.example']) {
      hanging.push(stage.deliver(await postbackTo(host), worker));
      await eventually(() => assert.equal(stage.partner.sent.length, hanging.length));
    }

    const putOff = await postbackTo('three.example');
    assert.equal((await stage.failureOf(putOff, worker)).type, NOT_STARTED);
    assert.deepEqual(await stage.readAttempts(putOff), []);
    const others = await stage.duePostback();
    assert.deepEqual(await stage.deliver(others.postbackId, worker), { result: 'delivered' });
    open();
    await Promise.all(hanging);
    assert.deepEqual(await stage.deliver(putOff, worker), { result: 'delivered' });
  });
});
