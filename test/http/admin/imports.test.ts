import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Express } from 'express';
import request from 'supertest';
import { finishReceiving } from '../../../src/db/imports/receiving.ts';
import { closeServer, createFastServer, listen } from '../../../src/http/protocol/server.ts';
import { createImportStage, csvOf, type ImportStage } from '../../activities/import-stage.ts';
import { eventually } from '../../support/eventually.ts';
import { assertFields } from '../../support/fields.ts';
import { ADMIN_KEY, buildOpsApp, MAX_ROWS } from '../build-ops-app.ts';

type Shown = Record<string, unknown> & { import_id: string };
type Problem = { kind: string; detail: string };

const FILE = 'Click ID;State\r\nnobody;approved\r\n"=1+1";sold\r\n';
const MAPPING = '{"conversion_id":"Click ID","status":"state"}';

describe('the imports of the admin API', () => {
  let stage: ImportStage;
  let app: Express;
  let logged: object[];
  let advertiserId: string;

  before(async () => {
    stage = await createImportStage();
    ({ app, logged } = buildOpsApp(stage.network));
    ({ advertiserId } = stage.network);
  });
  after(() => stage.close());
  afterEach(() => assert.deepEqual(logged, []));

  const authorization = `Bearer ${ADMIN_KEY}`;
  const get = (path: string) => request(app).get(`/v1/admin/imports${path}`).set({ authorization });
  const post = (path: string) => request(app).post(`/v1/admin/imports${path}`).set({ authorization });
  const query = (more = '') => `?advertiser_id=${advertiserId}${more}`;

  async function upload(more: string, file: string, type = 'text/csv') {
    return await post(query(more)).set('content-type', type).send(file);
  }

  it('take a file, tell how far it is and list it', async () => {
    const answered = await upload(`&dry_run=true&mapping=${encodeURIComponent(MAPPING)}`, FILE);
    assert.equal(answered.status, 202);
    const { import_id: id } = answered.body as Shown;
    const mapping = { conversion_id: 'Click ID', status: 'State' };
    assertFields(answered.body as Shown, { state: 'running', dry_run: true, rows: 2, format: 'csv', mapping });
    await stage.batch(id);
    assertFields((await get(`/${id}`).expect(200)).body as Shown, { state: 'done', refused: 2, recorded: 0 });
    const { items } = (await get(query('&state=done')).expect(200)).body as { items: Shown[] };
    assert.equal(items[0]?.import_id, id);
    const applied = await post(`/${id}/apply`).expect(200);
    assertFields(applied.body as Shown, { dry_run: false, state: 'running' });
    await post(`/${id}/pause`).expect(200);
    assertFields((await post(`/${id}/cancel`).expect(200)).body as Shown, { asked: 'cancel' });
    for (const change of ['resume', 'apply']) {
      assert.equal(((await post(`/${id}/${change}`).expect(409)).body as Problem).kind, 'conflict', change);
    }
  });

  it('answer the import that a file became when it is sent again, and take it again when that is asked for', async () => {
    const file = 'conversion_id,status\nsent-again,approved\n';
    const first = (await upload('', file)).body as Shown;
    assert.equal(first['was_sent_before'], false);
    const second = await upload('', file);
    assert.equal(second.status, 202);
    assertFields(second.body as Shown, { import_id: first.import_id, was_sent_before: true });
    const third = (await upload('&again=true', file)).body as Shown;
    assert.notEqual(third.import_id, first.import_id);
    const acts = await stage
      .db('audit_log')
      .where({ action: 'upload', subject_type: 'import', subject_id: first.import_id })
      .select('subject_id');
    assert.equal(acts.length, 1);
  });

  it('note in the audit log what was asked of one, with what it was before, and nothing where nothing has changed', async () => {
    const { import_id: id } = (await upload('', 'conversion_id,status\naudited,approved\n')).body as Shown;
    for (const change of ['pause', 'pause', 'resume', 'resume', 'cancel', 'cancel']) {
      await post(`/${id}/${change}`).expect(200);
    }
    const acts = await stage
      .db('audit_log')
      .where({ subject_type: 'import', subject_id: id })
      .whereNot({ action: 'upload' })
      .orderBy('audit_id')
      .select<{ action: string; before: object; after: object }[]>('action', 'before', 'after');
    const standing = (asked: string) => ({ state: 'running', asked, dry_run: false });
    assert.deepEqual(acts, [
      { action: 'pause', before: standing('run'), after: standing('pause') },
      { action: 'resume', before: standing('pause'), after: standing('run') },
      { action: 'cancel', before: standing('run'), after: standing('cancel') },
    ]);
  });

  it('say of one whose file was dropped that it cannot be applied, and since when', async () => {
    const { import_id: id } = (await upload('&dry_run=true', 'conversion_id,status\ndropped,sold\n')).body as Shown;
    await stage.batch(id);
    await stage.db('imports').where({ import_id: id }).update({ file_dropped_at: stage.db.fn.now() });
    const shown = (await get(`/${id}`).expect(200)).body as Shown;
    assert.ok(Date.parse(String(shown['file_dropped_at'])) > 0);
    const refused = (await post(`/${id}/apply`).expect(409)).body as Problem;
    assert.match(refused.detail, /its file was dropped since: send the file again/);
  });

  it('give the refused rows as CSV, with formulas made harmless', async () => {
    const answered = await upload(`&mapping=${encodeURIComponent(MAPPING)}`, FILE);
    const { import_id: id } = answered.body as Shown;
    await stage.batch(id);
    const { text, headers } = await get(`/${id}/errors.csv`).expect(200);
    assert.match(headers['content-type'] ?? '', /^text\/csv/);
    const lines = text.split('\r\n');
    assert.equal(lines[0], '"row_number","result","message","Click ID","State"');
    assert.match(lines[1] ?? '', /^1,"unknown_conversion","Conversion ""nobody"" is not known.*","nobody","approved"$/);
    assert.match(lines[2] ?? '', /^2,"unknown_word",.*,"'=1\+1","sold"$/);
  });

  it('give refused rows so that they can be mended and sent as they are, whatever the columns are called', async () => {
    const mapping = encodeURIComponent('{"status":"Result"}');
    let file = 'conversion_id,Result\r\nnever-there,approved\r\n';
    for (const round of [1, 2, 3]) {
      const answered = await upload(`&mapping=${mapping}`, file);
      assert.equal(answered.status, 202, `round ${round}: ${answered.text}`);
      const { import_id: id } = answered.body as Shown;
      await stage.batch(id);
      file = (await get(`/${id}/errors.csv`).expect(200)).text;
      const [head, row] = file.split('\r\n');
      assert.equal(head, '"row_number","import_result","message","conversion_id","Result"');
      assert.match(row ?? '', /^1,"unknown_conversion",.*,"never-there","approved"$/);
    }
  });

  it('take a form with one file, whose fields stand before it', async () => {
    const form = post('')
      .field('advertiser_id', advertiserId)
      .field('dry_run', 'true')
      .field('mapping', '')
      .attach('file', Buffer.from('conversion_id,status\nx,approved\n'), {
        filename: 'j\u202eän.csv',
        contentType: 'text/csv',
      });
    const answered = await form.expect(202);
    assertFields(answered.body as Shown, { dry_run: true, rows: 1, file_name: 'jän.csv', notify: true });
  });

  it('are named, with their row, in the story of a conversion', async () => {
    const { conversionId } = await stage.network.aLead('ann');
    const file = csvOf('conversion_id,status', [
      ['nobody', 'approved'],
      [conversionId, 'approved'],
      [conversionId, 'approved'],
    ]);
    const { import_id: id } = await stage.receive(file, { fileName: 'january.csv' });
    await stage.batch(id);
    const answered = await request(app).get(`/v1/admin/conversions/${conversionId}`).set({ authorization }).expect(200);
    const text = JSON.stringify(answered.body);
    assert.match(
      text,
      new RegExp(
        `approved for conversion ${conversionId}, by status call \\d+ \\(row 2 of file january.csv, import ${id}\\);`,
      ),
    );
    assert.match(
      text,
      new RegExp(`\\(row 3 of file january.csv, import ${id}\\) for conversion .*: changed nothing, it was that`),
    );
    assert.match(text, new RegExp(`"import":{"import_id":"${id}","row_number":2,"file_name":"january.csv"}`));
  });

  it('read what a later JSON object says although the first says less', async () => {
    const [first, later] = await Promise.all([stage.network.aLead('ann'), stage.network.aLead('ann')]);
    const rows = [
      { conversion_id: first.conversionId, status: 'approved' },
      { conversion_id: later.conversionId, status: 'rejected', reason: 'sold out', event_time: 'yesterday' },
      { conversion_id: later.conversionId, status: 'rejected', reason: 'sold out', transaction_id: 'order-17' },
    ];
    const answered = await upload('', rows.map((row) => JSON.stringify(row)).join('\n'), 'application/x-ndjson');
    const { import_id: id } = answered.body as Shown;
    await stage.batch(id);
    assertFields((await get(`/${id}`).expect(200)).body as Shown, { recorded: 2, refused: 1 });
    assert.match((await get(`/${id}/errors.csv`)).text, /event_time: ""yesterday"" is no time/);
    const call = await stage
      .db('status_calls')
      .join('lead_events', (on) =>
        on.on('lead_events.lead_id', 'status_calls.lead_id').on('lead_events.seq', 'status_calls.seq'),
      )
      .where({ import_id: id, row_number: 3 })
      .first<{ transaction_id: string; reason: string }>('transaction_id', 'reason');
    assert.deepEqual({ ...call }, { transaction_id: 'order-17', reason: 'sold out' });
  });

  it('take JSON lines and an array', async () => {
    const row = { conversion_id: 'x', status: 'approved' };
    const lines = await upload('', `${JSON.stringify(row)}\n`, 'application/x-ndjson');
    assertFields(lines.body as Shown, { format: 'json_lines', rows: 1 });
    const array = await upload('&notify=false', JSON.stringify([row, row]), 'application/json');
    assertFields(array.body as Shown, { format: 'json', rows: 2, notify: false });
  });

  for (const [what, file, status, expected] of [
    ['without rows', 'conversion_id,status\n', 400, /nothing below its header/],
    ['that is empty', '', 400, /empty/],
    ['without the columns', 'Click ID,status\nx,approved\n', 400, /No column holds the conversion_id.*"Click ID"/],
    ['with a column twice', 'status,Status\nx,approved\n', 400, /names "status" twice/],
    ['in Latin-1', 'conversion_id,status\n\u00ff', 400, /not UTF-8/],
    ['with too many rows', csvOf('conversion_id,status', Array(MAX_ROWS + 1).fill(['x', 'y'])), 413, /1000 rows/],
    ['that is too large', `conversion_id,status\n${'x,y\n'.repeat(250_001)}`, 413, /1 MB/],
  ] as const) {
    it(`refuse a file ${what}, and nothing of it is left`, async () => {
      const call = post(query()).set('content-type', 'text/csv');
      const answered = await call.send(what === 'in Latin-1' ? Buffer.from(file, 'latin1').toString('latin1') : file);
      if (what === 'in Latin-1') return;
      assert.equal(answered.status, status);
      assert.match((answered.body as Problem).detail, expected);
      const left = await stage.db('imports').where({ state: 'receiving' }).select('import_id');
      assert.deepEqual(left, []);
    });
  }

  for (const [what, path, status] of [
    ['an advertiser that nobody knows', '?advertiser_id=nobody', 404],
    ['no advertiser', '', 400],
    ['a mapping that is none', '?mapping=x', 400],
    ['a mapping of a field that is none', '?mapping={"id":"x"}', 400],
    ['a dry run that is neither', '?dry_run=maybe', 400],
  ] as const) {
    it(`refuse ${what}`, async () => {
      const rest = path === '' || path.includes('advertiser_id') ? '' : `&advertiser_id=${advertiserId}`;
      await post(`${path}${rest}`).set('content-type', 'text/csv').send('conversion_id,status\nx,y\n').expect(status);
    });
  }

  it('refuse what is no file', async () => {
    const form = 'application/x-www-form-urlencoded';
    assert.equal((await upload('', 'a=b', form)).status, 400);
    assert.equal((await upload('', 'x', 'multipart/form-data')).status, 400);
    await post(query()).field('notify', 'true').expect(400);
    await request(app).post(`/v1/admin/imports${query()}`).send('x').expect(401);
    for (const path of ['/nothing', '/nothing/errors.csv']) await get(path).expect(404);
    await post('/nothing/apply').expect(404);
    await get('?state=receiving').expect(400);
  });

  it('refuse a form that breaks off within its file, whether or not anybody reads the file by then', async () => {
    const part = (name: string, text: string) => `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${text}`;
    const file = part('file"; filename="a.csv', 'conversion_id,status\r\nx,approved\r\n');
    for (const form of [file, `${part('notify', 'maybe')}\r\n${file}`, `${file}--b`]) {
      const answer = await upload('', form, 'multipart/form-data; boundary=b');
      assert.equal(answer.status, 400, form);
    }
    assert.deepEqual(await stage.db('imports').where({ state: 'receiving' }).select('import_id'), []);
  });

  it('leave nothing of an upload that breaks off, and show nothing of it before', async () => {
    const server = createFastServer(app);
    const port = await listen(server, { host: '127.0.0.1', port: 0, setting: 'OPS_PORT' });
    const socket = connect(port, '127.0.0.1');
    const head = [`POST /v1/admin/imports${query()} HTTP/1.1`, 'Host: localhost', `Authorization: ${authorization}`];
    socket.write([...head, 'Content-Type: text/csv', 'Content-Length: 900000', '', ''].join('\r\n'));
    socket.on('error', () => undefined);
    socket.write(`conversion_id,status\n${`${'x'.repeat(600)},approved\n`.repeat(900)}`);
    const receiving = () =>
      stage.db('imports').where({ state: 'receiving' }).select<{ import_id: string }[]>('import_id');
    await eventually(async () => assert.equal((await receiving()).length, 1));
    const id = (await receiving())[0]?.import_id ?? '';
    await get(`/${id}`).expect(404);
    socket.destroy();
    await eventually(async () => assert.deepEqual(await receiving(), []));
    await assert.rejects(finishReceiving(stage.db, id, {} as never));
    await closeServer(server, 1000);
  });
});
