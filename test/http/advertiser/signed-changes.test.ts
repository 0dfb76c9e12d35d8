import assert from 'node:assert/strict';
import type { Express } from 'express';
import { Webhook } from 'standardwebhooks';
import request from 'supertest';
import type { KnownAdvertiser } from '../../../src/db/catalogue.ts';
import { newSigningSecret } from '../../../src/new-ids.ts';
import { createImportStage, type ImportStage } from '../../activities/import-stage.ts';
import { assertFields } from '../../support/fields.ts';
import { buildPublicApp } from '../build-public-app.ts';

type Headers = Record<string, string>;
type Shown = Record<string, unknown>;

const AGAIN = /refused before.*sign it anew/;

describe('a signed call that applies or cancels an import', () => {
  const secret = newSigningSecret();
  let stage: ImportStage;
  let app: Express;
  let count = 0;

  before(async () => {
    stage = await createImportStage();
    const signer: KnownAdvertiser = {
      advertiserId: stage.network.advertiserId,
      vocabulary: null,
      proofs: { token: false, signature: true, addresses: null },
      tokens: [],
      signingSecrets: [{ value: secret, endsAt: null }],
    };
    ({ app } = await buildPublicApp({ db: stage.db, advertisers: [signer] }));
  });
  after(() => stage.close());

  async function aDryRun(): Promise<string> {
    const text = `conversion_id,status\ndry-${++count},approved\n`;
    return (await stage.receive(text, { source: 'advertiser', dryRun: true })).import_id;
  }

  /** A call and its headers, signed now or some seconds ago. */
  function sign(id: string, change: 'apply' | 'cancel', { secondsAgo = 0 } = {}) {
    const path = `/advertisers/${stage.network.advertiserId}/imports/${id}/${change}`;
    const [messageId, at] = [`msg-${++count}`, new Date(Date.now() - secondsAgo * 1000)];
    const headers: Headers = {
      'webhook-id': messageId,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(messageId, at, `POST ${path}`),
    };
    return { path, headers };
  }

  const post = ({ path, headers }: ReturnType<typeof sign>) => request(app).post(path).set(headers);
  const refusal = async (call: ReturnType<typeof sign>) =>
    ((await post(call).expect(409)).body as { detail: string }).detail;

  it('books nothing when it was refused, comes again, and could be obeyed by now', async () => {
    const id = await aDryRun();
    const tooSoon = sign(id, 'apply', { secondsAgo: 60 });
    assert.match(await refusal(tooSoon), /is running: wait until it is done/);
    await stage.finish(id);
    assert.match(await refusal(tooSoon), AGAIN);
    assertFields((await stage.read(id)) as Shown, { dry_run: true, state: 'done' });
    const applied = await post(sign(id, 'apply')).expect(200);
    assertFields(applied.body as Shown, { dry_run: false, state: 'running' });
  });

  it('ends nothing that was begun since it was refused', async () => {
    const id = await aDryRun();
    await stage.finish(id);
    const tooLate = sign(id, 'cancel', { secondsAgo: 60 });
    assert.match(await refusal(tooLate), /has ended: it is done/);
    await post(sign(id, 'apply')).expect(200);
    assert.match(await refusal(tooLate), AGAIN);
    assertFields((await stage.read(id)) as Shown, { asked: 'run', state: 'running' });
    await post(sign(id, 'cancel')).expect(200);
  });

  it('is refused again also where it comes twice at the same time', async () => {
    const id = await aDryRun();
    const tooSoon = sign(id, 'apply', { secondsAgo: 60 });
    const details = await Promise.all([refusal(tooSoon), refusal(tooSoon)]);
    assert.equal(details.filter((detail) => AGAIN.test(detail)).length, 1, details.join('\n'));
  });

  it('is answered as before when it was obeyed, and does nothing more', async () => {
    const id = await aDryRun();
    await stage.finish(id);
    const apply = sign(id, 'apply');
    await post(apply).expect(200);
    await stage.finish(id);
    assertFields((await post(apply).expect(200)).body as Shown, { dry_run: false, state: 'done' });
    const other = await aDryRun();
    const cancel = sign(other, 'cancel');
    await post(cancel).expect(200);
    assertFields((await post(cancel).expect(200)).body as Shown, { asked: 'cancel' });
  });

  it('is judged when it comes again after it could not be stored', async () => {
    const id = await aDryRun();
    await stage.finish(id);
    const apply = sign(id, 'apply');
    await stage.db.raw(`
      create function fail() returns trigger language plpgsql as $$ begin raise exception using errcode = '53100'; end $$;
      create trigger fails before update on imports for each row execute function fail()`);
    await post(apply).expect(503);
    await stage.db.raw('drop trigger fails on imports; drop function fail');
    assertFields((await post(apply).expect(200)).body as Shown, { dry_run: false });
  });

  it('is nobody else’s, and remembered for no import that is not there', async () => {
    const byOps = (await stage.receive('conversion_id,status\nops,approved\n', { dryRun: true })).import_id;
    for (const id of ['nothing', byOps]) await post(sign(id, 'apply')).expect(404);
    assert.deepEqual(await stage.db('signed_files').where({ import_id: byOps }).select('digest'), []);
  });
});
