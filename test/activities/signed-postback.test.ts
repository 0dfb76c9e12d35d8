import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { removeSigningSecrets, rotateSigningSecret } from '../../src/db/keys/signing-secrets.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { createDeliveryStage, TRACKER, type DeliveryStage } from './delivery-stage.ts';
import { answer } from './settling.ts';

describe('a postback of a partner with a signing secret', () => {
  let stage: DeliveryStage;

  before(async () => {
    stage = await createDeliveryStage();
  });

  beforeEach(() => stage.forget());

  after(() => stage.close());

  async function rotate(partnerId: string, keepOldForSeconds = 0): Promise<Webhook> {
    const secret = await rotateSigningSecret(stage.db, partnerId, { keepOldForSeconds });
    return new Webhook(secret ?? '');
  }

  it('is signed anew in each attempt, by the secrets that live then, and the attempt keeps what was sent', async () => {
    const settings = settingsFor(TRACKER, { method: 'POST', body: 'json' });
    const { postbackId, partnerId } = await stage.duePostback({ settings });
    const first = await rotate(partnerId);
    stage.partner.script = [async () => answer(503)];
    await stage.failureOf(postbackId);
    const second = await rotate(partnerId, 3600);
    await stage.deliver(postbackId);

    const [refused, delivered] = stage.partner.sent;
    assert.ok(refused?.body && delivered?.body);
    first.verify(refused.body, refused.headers);
    assert.throws(() => second.verify(refused.body ?? '', refused.headers));
    for (const secret of [first, second]) secret.verify(delivered.body, delivered.headers);
    assert.equal(refused.headers['webhook-id'], postbackId);
    assert.equal(delivered.headers['webhook-id'], postbackId);
    const kept = await stage
      .db('postback_attempts')
      .where({ postback_id: postbackId })
      .orderBy('attempt')
      .pluck('headers');
    assert.deepEqual(kept, [refused.headers, delivered.headers]);
  });

  it('by GET carries {sig}, which is empty again when the secret is removed', async () => {
    const settings = settingsFor(`${TRACKER}&sig={sig}`);
    const { postbackId, partnerId } = await stage.duePostback({ settings });
    await rotate(partnerId);
    stage.partner.script = [async () => answer(503)];
    await stage.failureOf(postbackId);
    await removeSigningSecrets(stage.db, partnerId);
    await stage.deliver(postbackId);
    const [signed = '', plain = ''] = stage.partner.sent.map(({ url }) => url);
    assert.match(signed, /&sig=[0-9a-f]{64}$/);
    assert.match(plain, /&sig=$/);
    const kept = (await stage.readAttempts(postbackId)).map(({ url }) => url);
    assert.deepEqual(kept, [signed, plain]);
  });
});
