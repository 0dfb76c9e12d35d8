import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Express } from 'express';
import { Webhook } from 'standardwebhooks';
import request from 'supertest';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import type { KnownAdvertiser } from '../../../src/db/catalogue.ts';
import { closeServer, createFastServer, listen } from '../../../src/http/protocol/server.ts';
import { newSigningSecret } from '../../../src/new-ids.ts';
import { createImportStage, type ImportStage } from '../../activities/import-stage.ts';
import { eventually } from '../../support/eventually.ts';
import { assertFields } from '../../support/fields.ts';
import { buildPublicApp } from '../build-public-app.ts';

type Shown = Record<string, unknown> & { import_id: string };

describe('the imports of an advertiser', () => {
  let stage: ImportStage;
  let app: Express;
  let path: string;

  before(async () => {
    stage = await createImportStage();
    ({ app } = await buildPublicApp({ db: stage.db }));
    path = `/advertisers/${stage.network.advertiserId}/imports`;
  });
  after(() => stage.close());

  const token = () => ({ authorization: `Bearer token-of-${stage.network.advertiserId}` });

  async function send(file: string, query = ''): Promise<Shown> {
    const call = request(app).post(`${path}${query}`).set(token()).set('content-type', 'text/csv').send(file);
    return (await call.expect(202)).body as Shown;
  }

  it('are taken by its token, told of, and applied after a dry run', async () => {
    const { import_id: id, ...shown } = await send('conversion_id,status\nnobody,approved\n', '?dry_run=true');
    assertFields(shown, { source: 'advertiser', dry_run: true, state: 'running' });
    await stage.batch(id);
    const told = await request(app).get(`${path}/${id}`).set(token()).expect(200);
    assertFields(told.body as Shown, { state: 'done', refused: 1 });
    const errors = await request(app).get(`${path}/${id}/errors.csv`).set(token()).expect(200);
    assert.match(errors.text, /"unknown_conversion"/);
    const applied = await request(app).post(`${path}/${id}/apply`).set(token()).expect(200);
    assertFields(applied.body as Shown, { dry_run: false, state: 'running' });
    await request(app).post(`${path}/${id}/cancel`).set(token()).expect(200);
  });

  it('are nobody else’s', async () => {
    const { import_id: id } = await send('conversion_id,status\nnobody,approved\n');
    const other = { authorization: 'Bearer token-of-other' };
    for (const rest of ['', '/errors.csv']) {
      await request(app).get(`${path}/${id}${rest}`).set(other).expect(401);
      await request(app).get(`/advertisers/other/imports/${id}${rest}`).set(other).expect(404);
    }
    await request(app).post(`/advertisers/other/imports/${id}/apply`).set(other).expect(404);
    await request(app).post(`/advertisers/other/imports/${id}/cancel`).set(other).expect(404);
    await request(app).post(path).set('content-type', 'text/csv').send('x').expect(401);
  });

  it('are signed as a whole where that was agreed, and what is not signed is not read', async () => {
    const { advertiserId } = stage.network;
    const secret = newSigningSecret();
    const signer: KnownAdvertiser = {
      advertiserId,
      vocabulary: null,
      proofs: { token: false, signature: true, addresses: null },
      tokens: [],
      signingSecrets: [
        { value: newSigningSecret(), endsAt: null },
        { value: secret, endsAt: null },
      ],
    };
    const { app: signed } = await buildPublicApp({ db: stage.db, advertisers: [signer] });
    const file = `conversion_id,status\n${'nobody,approved\n'.repeat(900)}`;
    const sign = (text: string, at = new Date()) => ({
      'webhook-id': 'msg-1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('msg-1', at, text),
      'content-type': 'text/csv',
    });
    const post = (query: string, headers: Record<string, string>) =>
      request(signed).post(`${path}${query}`).set(headers).send(file);
    const taken = await post('', sign(file)).expect(202);
    assertFields(taken.body as Shown, { rows: 900 });
    await post('', sign(`${file}x`)).expect(401);
    await post('', sign(file, new Date(Date.now() - 10 * 60 * 1000))).expect(401);
    await post('', { 'content-type': 'text/csv' }).expect(401);
    await post('?notify=false', sign(file)).expect(400);
    const form = ['--b', 'content-disposition: form-data; name="dry_run"', '', 'true', '--b']
      .concat('content-disposition: form-data; name="file"; filename="a.csv"', '', file, '--b--', '')
      .join('\r\n');
    const headers = { ...sign(form), 'content-type': 'multipart/form-data; boundary=b' };
    const dry = await request(signed).post(path).set(headers).send(form).expect(202);
    assertFields(dry.body as Shown, { dry_run: true, file_name: 'a.csv' });
    assert.deepEqual(await stage.db('imports').where({ state: 'receiving' }).select('import_id'), []);
  });

  describe('with a wrong signature', () => {
    const FILE_TEXT = 'conversion_id,status\nsigned,approved\n';
    let secret: string;
    let signed: Awaited<ReturnType<typeof buildPublicApp>>;

    beforeEach(async () => {
      secret = newSigningSecret();
      const proofs = { token: false, signature: true, addresses: null };
      const signingSecrets = [{ value: secret, endsAt: null }];
      const { advertiserId } = stage.network;
      const signer: KnownAdvertiser = { advertiserId, vocabulary: null, proofs, tokens: [], signingSecrets };
      signed = await buildPublicApp({ db: stage.db, advertisers: [signer] });
    });

    function headersFor(text: string, id = 'msg-1') {
      const at = new Date();
      return {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign(id, at, text),
        'content-type': 'text/csv',
      };
    }

    const post = (headers: Record<string, string>) => request(signed.app).post(path).set(headers).send(FILE_TEXT);
    const noted = () => signed.refusedCalls.map(({ reason }) => reason);

    it('are counted, leave nothing, and are too many after ten in a minute', async () => {
      await post({ 'content-type': 'text/csv' }).expect(401);
      const wrong = headersFor('another text');
      for (let count = 0; count < 9; count++) await post(count < 2 ? wrong : headersFor('x', `${count}`)).expect(401);
      assert.deepEqual(await stage.db('imports').where({ state: 'receiving' }).select('import_id'), []);
      assert.deepEqual(noted(), Array(10).fill('signature'));
      assert.doesNotMatch(JSON.stringify(signed.refusedCalls), /127\.0\.0\.1/, 'only the network is kept');
      await post(headersFor(FILE_TEXT)).expect(429);
      assert.equal(noted().at(-1), 'too_many');
    });

    it('do not count when they are right, however many come', async () => {
      for (let count = 0; count < 15; count++) await post(headersFor(FILE_TEXT)).expect(202);
      assert.deepEqual(noted(), []);
    });

    it('hold no place of others, while their bytes come slowly', async () => {
      const server = createFastServer(signed.app);
      const port = await listen(server, { host: '127.0.0.1', port: 0, setting: 'PORT' });
      const stranger = connect(port, '127.0.0.1');
      const head = [`POST ${path} HTTP/1.1`, 'Host: localhost', 'Content-Length: 900000'];
      for (const [name, value] of Object.entries(headersFor('never'))) head.push(`${name}: ${value}`);
      stranger.on('error', () => undefined);
      stranger.write([...head, '', `conversion_id,status\n${'x,approved\n'.repeat(900)}`].join('\r\n'));
      await eventually(async () => {
        const rows = await stage.db('imports').where({ state: 'receiving' }).select('import_id');
        assert.equal(rows.length, 1, 'the file of the stranger is coming in');
      });
      await post(headersFor(FILE_TEXT)).expect(429);
      const { advertiser } = await createAdvertiser(stage.db, { name: 'Other' });
      const id = advertiser.advertiser_id;
      const other = { authorization: `Bearer token-of-${id}`, 'content-type': 'text/csv' };
      await request(signed.app).post(`/advertisers/${id}/imports`).set(other).send(FILE_TEXT).expect(202);
      stranger.destroy();
      await eventually(async () => {
        const rows = await stage.db('imports').where({ state: 'receiving' }).select('import_id');
        assert.equal(rows.length, 0, 'nothing is left of it');
      });
      await post(headersFor(FILE_TEXT)).expect(202);
      await closeServer(server, 1000);
    });
  });

  it('are signed for what is done with them where they have no body, and for nothing else', async () => {
    const { advertiserId } = stage.network;
    const secret = newSigningSecret();
    const proofs = { token: false, signature: true, addresses: null };
    const signingSecrets = [{ value: secret, endsAt: null }];
    const signer: KnownAdvertiser = { advertiserId, vocabulary: null, proofs, tokens: [], signingSecrets };
    const { app: signed } = await buildPublicApp({ db: stage.db, advertisers: [signer] });
    const ids = [];
    for (let count = 0; count < 2; count++) {
      ids.push((await send(`conversion_id,status\nnobody-${count},approved\n`)).import_id);
    }
    const [own, other] = ids.map((id) => `${path}/${id}`) as [string, string];
    const at = new Date();
    const call = (method: 'get' | 'post', address: string, payload: string) =>
      request(signed)
        [method](address)
        .set('webhook-id', 'msg-1')
        .set('webhook-timestamp', String(Math.floor(at.getTime() / 1000)))
        .set('webhook-signature', new Webhook(secret).sign('msg-1', at, payload));
    const cancel = `${own}/cancel`;
    const refused: [string, string][] = [
      [cancel, ''],
      [cancel, `GET ${own}`],
      [cancel, `GET ${cancel}`],
      [cancel, `POST ${own}/apply`],
      [cancel, `POST ${other}/cancel`],
      [`${cancel}?status=approved`, `POST ${cancel}`],
      [`${cancel}?status=approved`, 'status=approved'],
    ];
    for (const [address, payload] of refused) await call('post', address, payload).expect(401);
    await call('get', own, `GET ${own}`).expect(200);
    await call('get', `${own}/errors.csv`, `GET ${own}/errors.csv`).expect(200);
    await call('post', cancel, `POST ${cancel}`).expect(200);
    await request(app)
      .get(other)
      .set(token())
      .expect(({ body }) => assertFields(body as Shown, { state: 'running' }));
  });

  it('that ops brought are told to nobody else, nor applied or cancelled', async () => {
    const text = 'conversion_id,status\nby-ops,approved\n';
    for (const source of ['ops', 'pull'] as const) {
      const { import_id: id } = await stage.receive(text, { source, again: true, dryRun: source === 'ops' });
      await request(app).get(`${path}/${id}`).set(token()).expect(404);
      await request(app).get(`${path}/${id}/errors.csv`).set(token()).expect(404);
      for (const change of ['apply', 'cancel']) {
        await request(app).post(`${path}/${id}/${change}`).set(token()).expect(404);
      }
    }
    await stage.receive(text);
    const post = (query: string) =>
      request(app).post(`${path}${query}`).set(token()).set('content-type', 'text/csv').send(text);
    const refused = await post('').expect(409);
    assert.match((refused.body as { detail: string }).detail, /imported this very file already.*again=true/);
    assert.equal((refused.body as Partial<Shown>).import_id, undefined);
    await post('?again=true').expect(202);
  });

  it('are not applied where ops have booked the file meanwhile, without a word of that import', async () => {
    const text = 'conversion_id,status\nmeanwhile,approved\n';
    const { import_id: id } = await send(text, '?dry_run=true');
    await stage.finish(id);
    const { import_id: byOps } = await stage.receive(text);
    const refused = await request(app).post(`${path}/${id}/apply`).set(token()).expect(409);
    const { detail } = refused.body as { detail: string };
    assert.match(detail, /was booked already.*again=true/);
    assert.ok(!detail.includes(byOps), detail);
  });

  it('cannot keep partners from being told', async () => {
    const call = request(app).post(`${path}?notify=false`).set(token()).set('content-type', 'text/csv').send('x');
    assert.match(((await call.expect(400)).body as { detail: string }).detail, /notify: is not a known field/);
    const told = await send('conversion_id,status\ntold,approved\n');
    assert.equal(told['notify'], true);
  });

  it('cannot be sent in the name of another, and are not listed', async () => {
    await request(app)
      .post(`${path}?advertiser_id=other`)
      .set(token())
      .set('content-type', 'text/csv')
      .send('x')
      .expect(400);
    await request(app).get(path).set(token()).expect(405);
    await request(app).get(`${path}/nothing`).set(token()).expect(404);
  });
});
