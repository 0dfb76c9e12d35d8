import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import request from 'supertest';
import { Webhook } from 'standardwebhooks';
import { prepareAdvertisers, type CatalogueAdvertiser } from '../../../src/catalogue/catalogue-advertiser.ts';
import type { KnownAdvertiser } from '../../../src/db/catalogue.ts';
import { AppError } from '../../../src/errors.ts';
import { createFileTaker } from '../../../src/http/imports/take-file.ts';
import { closeServer, createFastServer, listen, type FastServer } from '../../../src/http/protocol/server.ts';
import { newSigningSecret } from '../../../src/new-ids.ts';
import { createImportStage, type ImportStage } from '../../activities/import-stage.ts';
import { eventually } from '../../support/eventually.ts';
import { assertFields } from '../../support/fields.ts';
import { freshCatalogue } from '../../support/fresh-catalogue.ts';
import { buildPublicApp, type BuildOptions, type BuiltPublicApp } from '../build-public-app.ts';

type Headers = Record<string, string>;
type Taken = { import_id: string; was_sent_before: boolean; state: string };

const FORM = 'multipart/form-data; boundary=b';
const CSV = 'text/csv';
const SIGNATURE_ALONE = { token: false, signature: true, addresses: null };

let count = 0;
/** A file like no other. */
const aFile = () => `conversion_id,status\nfile-${++count},approved\n`;

function formOf(fields: Record<string, string>, file = aFile()): string {
  const parts = Object.entries(fields).map(
    ([name, value]) => `content-disposition: form-data; name="${name}"\r\n\r\n${value}`,
  );
  parts.push(`content-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n${file}`);
  return parts.map((part) => `--b\r\n${part}\r\n`).join('') + '--b--\r\n';
}

describe('a signed file', () => {
  let stage: ImportStage;
  let secret: string;
  let path: string;
  let signer: KnownAdvertiser;
  let site: BuiltPublicApp;

  before(async () => {
    stage = await createImportStage();
    path = `/advertisers/${stage.network.advertiserId}/imports`;
  });
  after(() => stage.close());

  beforeEach(async () => {
    secret = newSigningSecret();
    signer = {
      advertiserId: stage.network.advertiserId,
      vocabulary: null,
      proofs: SIGNATURE_ALONE,
      tokens: [],
      signingSecrets: [{ value: secret, endsAt: null }],
    };
    site = await build();
  });
  afterEach(() => assert.deepEqual([...site.logged, ...site.warned], []));

  const build = (options: BuildOptions = {}) =>
    buildPublicApp({ db: stage.db, advertisers: [signer], statuses: stage.network.statuses, ...options });

  function sign(body: string, { id = `msg-${++count}`, type = CSV, secondsAgo = 0 } = {}): Headers {
    const at = new Date(Date.now() - secondsAgo * 1000);
    return {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
      'content-type': type,
    };
  }

  const post = (body: string, headers: Headers, address = path) =>
    request(site.app).post(address).set(headers).send(body);
  async function send(body: string, headers: Headers): Promise<Taken> {
    return (await post(body, headers).expect(202)).body as Taken;
  }
  const signAgain = (body: string, id: string, secondsAgo = 0) => sign(body, { id, type: FORM, secondsAgo });

  describe('that comes again', () => {
    it('as the same request begins nothing, also with again=true, and is answered the first import', async () => {
      const body = formOf({ again: 'true' });
      const headers = signAgain(body, 'msg-once');
      const first = await send(body, headers);
      assertFields(first, { was_sent_before: false });
      for (let times = 0; times < 2; times++) {
        assertFields(await send(body, headers), { import_id: first.import_id, was_sent_before: true });
      }
    });

    it('as the same request at the same time is taken once', async () => {
      // One known by its signature alone has but one place.
      signer.proofs = { ...SIGNATURE_ALONE, addresses: ['127.0.0.0/8'] };
      site = await build();
      const body = formOf({ again: 'true' });
      const headers = signAgain(body, 'msg-twice');
      const taken = await Promise.all([send(body, headers), send(body, headers)]);
      assert.equal(new Set(taken.map((each) => each.import_id)).size, 1);
      assert.deepEqual(taken.map((each) => each.was_sent_before).toSorted(), [false, true]);
    });

    it('signed anew with again=true is known by its webhook-id, and under another one imported again', async () => {
      const body = formOf({ again: 'true' });
      const first = await send(body, signAgain(body, 'msg-retry', 60));
      const retried = await send(body, signAgain(body, 'msg-retry'));
      assertFields(retried, { import_id: first.import_id, was_sent_before: true });
      const other = await send(body, signAgain(body, 'msg-other'));
      assertFields(other, { was_sent_before: false });
      assert.notEqual(other.import_id, first.import_id);
    });

    it('after it was cancelled is the cancelled one, unless it was signed anew', async () => {
      const body = aFile();
      const headers = sign(body, { id: 'same', secondsAgo: 60 });
      const { import_id: id } = await send(body, headers);
      await stage.ask(id, 'cancel');
      assertFields(await send(body, headers), { import_id: id, was_sent_before: true });
      const anew = await send(body, sign(body, { id: 'same' }));
      assertFields(anew, { was_sent_before: false });
    });

    it('is remembered also where the file had come before', async () => {
      const body = aFile();
      const { import_id: id } = await send(body, sign(body, { secondsAgo: 60 }));
      const repeat = sign(body);
      assertFields(await send(body, repeat), { import_id: id, was_sent_before: true });
      await stage.ask(id, 'cancel');
      assertFields(await send(body, repeat), { import_id: id, was_sent_before: true });
    });

    it('after it was refused half way, however often, is taken by the same signature', async () => {
      const real = createFileTaker({ db: stage.db, chunkDb: stage.db, maxRows: 1000, maxMegabytes: 1 });
      let isAway = true;
      site = await build({
        files: {
          ...real,
          take: (upload, options) =>
            real.take({ ...upload, finish: () => upload.finish().then(failWhenAway) }, options),
        },
      });
      function failWhenAway() {
        if (isAway) throw new AppError('unavailable', 'The database is away.');
      }
      const body = formOf({ again: 'true' });
      const headers = signAgain(body, 'msg-half');
      for (let times = 0; times < 12; times++) await post(body, headers).expect(503);
      isAway = false;
      assertFields(await send(body, headers), { was_sent_before: false });
      site.warned.length = 0;
    });

    it('is forgotten after a day, and dropped by those that come later', async () => {
      const body = formOf({ again: 'true' });
      const first = await send(body, signAgain(body, 'msg-old'));
      await stage.db('signed_files').update({ seen_at: stage.db.raw("now() - interval '25 hours'") });
      const later = await send(body, signAgain(body, 'msg-old'));
      assertFields(later, { was_sent_before: false });
      assert.notEqual(later.import_id, first.import_id);
      const old = stage.db('signed_files').where('seen_at', '<', stage.db.raw("now() - interval '1 day'"));
      const { length } = await old.clone().select('digest');
      for (let times = 0; times * 2 < length; times++) {
        const file = aFile();
        await send(file, sign(file));
      }
      assert.deepEqual(await old.clone().select('digest'), []);
    });
  });

  describe('and a status call', () => {
    const say = (body: string, headers: Headers) =>
      post(body, headers, path.replace('imports', 'postback')).expect(200);
    const json = (conversionId: string, status: string) => JSON.stringify({ conversion_id: conversionId, status });
    const JSON_TYPE = 'application/json';

    it('are not each other: a call that is sent again as a file undoes nothing', async () => {
      const { conversionId } = await stage.network.aLead(await stage.network.partner());
      const approved = json(conversionId, 'approved');
      const headers = sign(approved, { type: JSON_TYPE });
      await say(approved, headers);
      const rejected = json(conversionId, 'rejected');
      await say(rejected, sign(rejected, { type: JSON_TYPE }));
      const refused = await post(approved, headers).expect(409);
      assert.match((refused.body as { detail: string }).detail, /sent as a status call before/);
      assert.equal(await stage.statusOf(conversionId), 'rejected');
      assert.deepEqual(await stage.db('imports').where({ state: 'receiving' }).select('import_id'), []);
    });

    it('are not each other: a file of one row that is sent again as a call undoes nothing', async () => {
      const { conversionId } = await stage.network.aLead(await stage.network.partner());
      const approved = json(conversionId, 'approved');
      const headers = sign(approved, { type: JSON_TYPE });
      const { import_id: id } = await send(approved, headers);
      await stage.finish(id);
      const rejected = json(conversionId, 'rejected');
      await say(rejected, sign(rejected, { type: JSON_TYPE }));
      const again = await say(approved, headers);
      assertFields(again.body as { result: string }, { result: 'stale' });
      assert.equal(await stage.statusOf(conversionId), 'rejected');
    });
  });

  describe('that is refused', () => {
    const REFUSED = 12;
    let server: FastServer;
    let port: number;

    beforeEach(listenAgain);
    afterEach(() => closeServer(server, 1000));

    async function listenAgain() {
      server = createFastServer(site.app);
      port = await listen(server, { host: '127.0.0.1', port: 0, setting: 'PORT' });
    }
    const at = () => request(`http://127.0.0.1:${port}`);

    it('for what it says does not count as a failure of its sender', async () => {
      const bad = 'no,column\nof,ours\n';
      for (let times = 0; times < REFUSED; times++) {
        await at().post(path).set(sign(bad)).send(bad).expect(400);
      }
      const body = aFile();
      for (let times = 0; times < REFUSED; times++) {
        await at().post(`${path}?again=true`).set(sign(body)).send(body).expect(400);
      }
      await at().post(path).set(sign(body)).send(body).expect(202);
      assert.deepEqual(site.refusedCalls, []);
    });

    it('because there is no place does not count either', async () => {
      const stranger = await holdThePlace();
      const body = formOf({}, `conversion_id,status,reason\n${`nobody,approved,${'x'.repeat(500)}\n`.repeat(900)}`);
      for (let times = 0; times < REFUSED; times++) {
        const refused = await at()
          .post(path)
          .set(sign(body, { type: FORM }))
          .send(body)
          .expect(429);
        assert.match((refused.body as { detail: string }).detail, /nothing but their signature/);
      }
      await release(stranger);
      const file = aFile();
      await at().post(path).set(sign(file)).send(file).expect(202);
    });

    it('counts when it was signed wrongly, though its content is refused first', async () => {
      const bad = 'no,column\nof,ours\n';
      for (let times = 0; times < 10; times++) {
        await at().post(path).set(sign('another')).send(bad).expect(400);
      }
      await eventually(() => {
        assert.deepEqual(
          site.refusedCalls.map(({ reason }) => reason),
          Array(10).fill('signature'),
          'all are judged',
        );
      });
      const file = aFile();
      await at().post(path).set(sign(file)).send(file).expect(429);
    });

    it('because others from its address are slow is not told to be a failure, and is taken when those are there', async () => {
      await beProvenByAddress();
      const slow = Array.from({ length: 10 }, () => beginSlowly(aFile()));
      const file = aFile();
      await eventually(async () => {
        const refused = await at().post(path).set(sign(file)).send(file).expect(429);
        assert.match((refused.body as { detail: string }).detail, /still coming in, or broke off/);
      });
      assert.deepEqual(site.refusedCalls, []);
      for (const end of slow) end();
      await eventually(() => at().post(path).set(sign(file)).send(file).expect(202));
      assert.deepEqual(site.refusedCalls, []);
    });

    it('because as many broke off is refused unread', async () => {
      await beProvenByAddress();
      for (let times = 0; times < 10; times++) await release(await holdThePlace());
      const file = aFile();
      const refused = await at().post(path).set(sign(file)).send(file).expect(429);
      assert.match((refused.body as { detail: string }).detail, /still coming in, or broke off/);
    });

    it('because others sent something else under its headers is refused to them alone', async () => {
      site = await build({ trustProxy: 1 });
      await closeServer(server, 1000);
      await listenAgain();
      const file = aFile();
      const headers = sign(file);
      await at().post(path).set(headers).set('x-forwarded-for', '192.0.2.9').send(aFile()).expect(401);
      await at().post(path).set(headers).set('x-forwarded-for', '198.51.100.7').send(file).expect(202);
    });

    it('because it broke off is no failure of ours, and logged as none', async () => {
      for (const type of [CSV, FORM]) {
        const stranger = await holdThePlace(type);
        await release(stranger);
      }
    });

    /** Then it is no stranger, and has places of its own. */
    async function beProvenByAddress() {
      signer.proofs = { ...SIGNATURE_ALONE, addresses: ['127.0.0.0/8'] };
      site = await build();
      await closeServer(server, 1000);
      await listenAgain();
    }

    /** A rightly signed file of which the last byte is still to come. @returns sends it */
    function beginSlowly(file: string): () => void {
      const sender = connect(port, '127.0.0.1');
      sender.on('error', () => undefined);
      sender.write(`${headOf(sign(file), file.length)}${file.slice(0, -1)}`);
      return () => void sender.end(file.slice(-1));
    }

    function headOf(headers: Headers, bytes: number): string {
      const head = [`POST ${path} HTTP/1.1`, 'Host: localhost', `Content-Length: ${bytes}`];
      for (const [name, value] of Object.entries(headers)) head.push(`${name}: ${value}`);
      return [...head, '', ''].join('\r\n');
    }

    /** A file of which but the beginning comes. */
    async function holdThePlace(type = CSV): Promise<Socket> {
      const stranger = connect(port, '127.0.0.1');
      stranger.on('error', () => undefined);
      const rows = `conversion_id,status\n${'x,approved\n'.repeat(900)}`;
      stranger.write(
        headOf(sign('never', { type }), 900_000) + (type === FORM ? formOf({}, rows).slice(0, -20) : rows),
      );
      await eventually(async () => {
        assert.equal(await countComing(), 1, 'the file of the stranger is coming in');
      });
      return stranger;
    }

    async function release(stranger: Socket): Promise<void> {
      stranger.destroy();
      await eventually(async () => {
        assert.equal(await countComing(), 0, 'nothing is left of it');
      });
    }

    async function countComing(): Promise<number> {
      return (await stage.db('imports').where({ state: 'receiving' }).select('import_id')).length;
    }
  });

  it('is judged by the proofs that its call was judged by, though they change meanwhile', async () => {
    const prepare = (known: KnownAdvertiser) => prepareAdvertisers([known], undefined)[0] as CatalogueAdvertiser;
    const asked = [prepare(signer), prepare({ ...signer, proofs: { token: true, signature: false, addresses: null } })];
    const find = () => Promise.resolve(asked.length > 1 ? asked.shift() : asked[0]);
    const catalogue = { ...(await freshCatalogue(stage.db)), findAdvertiser: find };
    const { app } = await build({ catalogue });
    await request(app).post(path).set('content-type', CSV).send(aFile()).expect(401);
  });
});
