import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { MockActivityEnvironment } from '@temporalio/testing';
import { deletePullSettings } from '../../src/db/pulls/pull-settings.ts';
import { readPullStanding } from '../../src/db/pulls/pull-reports.ts';
import { askImport } from '../../src/db/imports/imports.ts';
import { explainPull } from '../../src/domain/pulls/explain-pull.ts';
import { countLocked } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import type { PullRun } from '../../workflows/long-jobs.ts';
import { createPullStage, type PullStage } from './pull-stage.ts';

const HEADER = 'conversion_id,status\n';
const LINE = 'nobody,approved\n';

describe('a pull', () => {
  let stage: PullStage;

  before(async () => (stage = await createPullStage()));
  beforeEach(async () => {
    await stage.forget();
    await stage.save();
  });
  after(() => stage.close());

  const imports = () => stage.db('imports').select<{ import_id: string; state: string }[]>();

  it('makes a normal import of the export, with its counts and its columns', async () => {
    const { conversionId } = await stage.imports.network.aLead('ann');
    await stage.save({ mapping: { conversion_id: 'Click' }, notify: false });
    stage.server.serve(`Click,status\n${conversionId},approved\nnobody,approved\n`);
    const { result, importId, bytes } = await stage.pull();
    assert.equal(result, 'imported');
    const found = await stage.imports.read(importId ?? '');
    assertFields(found, {
      source: 'pull',
      notify: false,
      dry_run: false,
      rows: 2,
      state: 'running',
      bytes: bytes ?? 0,
    });
    assert.equal(found.file_name, 'conversions.csv');
    assertFields(await stage.imports.batch(found.import_id), { state: 'done', recorded: 1, refused: 1 });
    assert.equal(await stage.imports.statusOf(conversionId), 'approved');
    const [pull] = await stage.pulls();
    assertFields(pull, { result: 'imported', http_status: 200, import_id: importId, attempts: 1, problem: null });
  });

  for (const [kind, text] of [
    ['JSON lines', '{"conversion_id":"nobody","status":"approved"}\n'],
    ['an array of JSON', '[{"conversion_id":"nobody","status":"approved"}]'],
  ] as const) {
    it(`takes ${kind} as well`, async () => {
      stage.server.serve(text);
      assert.equal((await stage.pull()).result, 'imported');
    });
  }

  it('sends its own headers, which are nowhere to be read', async () => {
    const secret = 'Bearer very-secret-token';
    await stage.save({ headers: { Authorization: secret, Accept: 'text/csv' } });
    stage.server.serve(HEADER + LINE);
    await stage.pull();
    assertFields(stage.server.asked[0] ?? {}, {
      authorization: secret,
      accept: 'text/csv',
      'accept-encoding': 'identity',
    });
    for (const table of ['pull_settings', 'audit_log', 'pulls']) {
      const text = JSON.stringify(await stage.db(table).select());
      assert.doesNotMatch(text, /very-secret/, table);
    }
  });

  it('leaves what has been imported before, however it is told so', async () => {
    stage.server.serve(HEADER + LINE, { etag: '"one"', 'last-modified': 'Mon, 02 Nov 2026 10:00:00 GMT' });
    const { importId } = await stage.pull();
    await stage.imports.batch(importId ?? '');
    assertFields(await stage.pull(), { result: 'unchanged', importId: null });
    const [, second] = stage.server.asked;
    assertFields(second ?? {}, { 'if-none-match': '"one"', 'if-modified-since': 'Mon, 02 Nov 2026 10:00:00 GMT' });
    stage.server.refuse(304);
    assertFields(await stage.pull(), { result: 'unchanged' });
    assert.equal((await imports()).length, 1);
    assert.deepEqual(
      (await stage.pulls()).map((pull) => pull.http_status),
      [304, 200, 200],
    );
  });

  it('imports the same once more when it is fetched otherwise, or its import was cancelled', async () => {
    stage.server.serve(HEADER + LINE, { etag: '"one"' });
    const { importId } = await stage.pull();
    await askImport(stage.db, { importId: importId ?? '', ask: 'cancel' });
    await stage.imports.batch(importId ?? '');
    const again = await stage.pull();
    assert.equal(again.result, 'imported');
    await stage.imports.batch(again.importId ?? '');
    await stage.save({ mapping: { status: 'status' } });
    assert.equal((await stage.pull()).result, 'imported');
    assert.deepEqual(
      stage.server.asked.map((headers) => headers['if-none-match']),
      [undefined, undefined, undefined],
    );
  });

  it('goes on after an ETag that cannot be sent back, though it was kept', async () => {
    stage.server.serve(HEADER + LINE);
    const { importId } = await stage.pull();
    await stage.imports.batch(importId ?? '');
    await stage.db('pulls').update({ etag: '"caf\ufffd"', last_modified: '\ufffd' });
    assertFields(await stage.pull(), { result: 'unchanged' });
    assert.equal(stage.server.asked[1]?.['if-none-match'], undefined);
  });

  it('is not unchanged because of a 304 that nobody asked for', async () => {
    stage.server.serve(HEADER + LINE);
    const { importId } = await stage.pull();
    await stage.imports.batch(importId ?? '');
    stage.server.refuse(304);
    const outcome = await stage.pull();
    assert.equal(outcome.result, 'failed');
    assert.match(outcome.message ?? '', /answered 304 instead of 200/);
  });

  it('waits for the import before it', async () => {
    stage.server.serve(HEADER + LINE);
    await stage.pull();
    assertFields(await stage.pull(), { result: 'skipped' });
    assert.equal(stage.server.asked.length, 1);
    assert.equal((await readPullStanding(stage.db, stage.advertiserId))?.failing_since, null);
  });

  it('has nothing to import of an export without rows, and that is no failure', async () => {
    for (const text of [HEADER, '[]', '']) {
      stage.server.serve(text);
      assertFields(await stage.pull(), { result: 'unchanged' });
    }
    assert.deepEqual(await imports(), []);
  });

  it('ends when nothing is to be pulled any more', async () => {
    await deletePullSettings(stage.db, stage.advertiserId);
    assertFields(await stage.pull(), { result: 'gone' });
    assert.equal(stage.server.asked.length, 0);
  });

  it('leaves a file whose settings were changed while it came', async () => {
    stage.server.answer((response) => {
      void stage.save({ format: 'csv' }).then(() => response.end(HEADER + LINE));
    });
    assertFields(await stage.pull(), { result: 'skipped' });
    assert.deepEqual(await imports(), []);
  });

  describe('of a server that does not play along', () => {
    const endless = (response: ServerResponse) => {
      response.write(HEADER);
      const write = () => {
        while (!response.destroyed && response.write(LINE.repeat(1000)));
      };
      response.on('drain', write);
      write();
    };

    async function fails(expected: RegExp, isLast: boolean, by = stage.createPuller()): Promise<void> {
      const outcome = await stage.pull(by);
      assert.equal(outcome.isLast, isLast, 'whether another attempt makes sense');
      assert.deepEqual(await imports(), [], 'nothing of it is kept');
      const [pull] = await stage.pulls();
      assert.equal(pull?.result, 'failed');
      const { problem, http_status: httpStatus, detail } = pull;
      assert.match(explainPull({ problem, httpStatus, detail }) ?? '', expected);
      assert.equal(outcome.message, explainPull({ problem, httpStatus, detail: null }), 'Temporal hears no detail');
      assert.doesNotMatch(outcome.message ?? '', /in-the-query/);
    }

    it('sends more rows than are taken', async () => {
      stage.server.answer(endless);
      await fails(/more than 5000 rows/, true);
    });

    it('sends more bytes than are taken', async () => {
      stage.server.serve(HEADER + `nobody,${'x'.repeat(4000)}\n`.repeat(300));
      await fails(/larger than 1 MB/, true);
    });

    it('sends a byte now and then', async () => {
      stage.server.answer((response) => {
        response.write(HEADER);
        const dripping = setInterval(() => response.write('n'), 50);
        response.on('close', () => clearInterval(dripping));
      });
      await fails(/did not send the whole file in time/, false, stage.impatient());
    });

    it('falls silent before or within the file', async () => {
      stage.server.answer(() => undefined);
      await fails(/did not send the whole file in time/, false, stage.impatient());
      stage.server.answer((response) => void response.write(HEADER + LINE));
      await fails(/did not send the whole file in time/, false, stage.impatient());
    });

    it('breaks off', async () => {
      stage.server.answer((response) => {
        response.writeHead(200, { 'content-length': '1000' }).write(HEADER + LINE, () => response.destroy());
      });
      await fails(/broke off before the file was complete/, false);
    });

    it('redirects, and nobody else gets the headers', async () => {
      await stage.save({ headers: { 'x-key': 'secret' } });
      stage.server.refuse(302, { location: 'http://169.254.169.254/latest' });
      await fails(/redirects \(302\) to http:\/\/169\.254\.169\.254\/latest/, true);
      assert.equal(stage.server.asked.length, 1);
    });

    it('lets nobody in, is broken, or has too much to do', async () => {
      stage.server.refuse(401);
      await fails(/does not let us in \(401\)/, true);
      stage.server.refuse(404);
      await fails(/no export at this URL \(404\)/, true);
      stage.server.refuse(503);
      await fails(/failed on its side \(503\)/, false);
      stage.server.refuse(429);
      await fails(/pull less often/, false);
      stage.server.refuse(304);
      await fails(/answered 304 instead of 200/, true);
    });

    it('sends its page for signing in', async () => {
      stage.server.serve('<!doctype html><title>Sign in</title>', { 'content-type': 'text/html' });
      await fails(/web page or XML/, true);
    });

    it('sends something compressed, asked or not', async () => {
      stage.server.answer((response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(HEADER)));
      await fails(/came compressed/, true);
      stage.server.answer((response) => response.end(gzipSync(HEADER + LINE)));
      await fails(/compressed/, true);
    });

    it('sends another format than agreed, or other columns', async () => {
      await stage.save({ format: 'json_lines' });
      stage.server.serve(HEADER + LINE);
      await fails(/should be JSON lines.* begins like CSV/, true);
      await stage.save();
      stage.server.serve('a,b\n1,2\n');
      await fails(/No column holds the conversion_id/, true);
    });
  });

  it('says since when it fails, goes on, and forgets that when it works again', async () => {
    stage.server.refuse(500);
    await stage.pull();
    const first = (await readPullStanding(stage.db, stage.advertiserId))?.failing_since;
    assert.ok(first, 'it does not say since when');
    await stage.pull();
    assertFields(await readPullStanding(stage.db, stage.advertiserId), { failing_since: first, failures: 2 });
    stage.server.serve(HEADER + LINE);
    await stage.pull();
    assertFields(await readPullStanding(stage.db, stage.advertiserId), { failing_since: null, failures: 0 });
  });

  it('is begun anew by another worker when the first dies in the middle, and half a file never counts', async () => {
    const run = stage.newRun();
    let finish: () => void = () => undefined;
    stage.server.answer((response) => {
      response.write(HEADER + LINE.repeat(600));
      finish = () => response.end(LINE);
    });
    const slow = stage.attempt(run);
    const slowEnds = assert.rejects(slow);
    await eventually(async () => assert.equal((await imports()).length, 1));
    const finishSlow = finish;
    stage.server.serve(HEADER + LINE.repeat(3));
    const { importId, result } = await stage.attempt(run);
    assert.equal(result, 'imported');
    // It was only slow, and comes to its end after all.
    finishSlow();
    await slowEnds;
    assert.deepEqual(
      (await imports()).map(({ import_id }) => import_id),
      [importId],
    );
    assertFields((await stage.pulls())[0], { attempts: 2, result: 'imported', import_id: importId });
    assertFields(await stage.imports.batch(importId ?? ''), { rows: 3, state: 'done' });
  });

  it('tells what it made when its worker dies after the last row, and makes nothing else', async () => {
    const run = stage.newRun();
    stage.server.serve(HEADER + LINE);
    const told = await stage.attempt(run);
    assert.deepEqual(await stage.attempt(run), told);
    assert.equal(stage.server.asked.length, 1);
  });

  it('leaves the file to another worker when it is to stop', async () => {
    const puller = stage.createPuller();
    stage.server.answer((response) => void response.write(HEADER + LINE.repeat(600)));
    const attempt = stage.attempt(stage.newRun(), { by: puller });
    const ends = assert.rejects(attempt, /its worker died or was stopped/);
    await eventually(async () => assert.equal((await imports()).length, 1));
    puller.halt();
    await ends;
    assert.deepEqual(await imports(), []);
  });

  it('loses no attempt to a worker that is to stop, where its workflow knows what to do then', async () => {
    const run = { ...stage.newRun(), mayLeave: true };
    const puller = stage.createPuller();
    stage.server.answer((response) => void response.write(HEADER + LINE.repeat(600)));
    const attempt = stage.fetchExport(run, puller);
    await eventually(async () => assert.equal((await imports()).length, 1));
    puller.halt();
    assert.deepEqual(await attempt, { result: 'left', failedAttempts: 0 });
    assert.deepEqual(await imports(), []);
    assertFields((await stage.pulls())[0], { attempts: 0, result: null, problem: null });
    stage.server.serve(HEADER + LINE);
    assertFields(await stage.attempt(run), { result: 'imported' });
    assertFields((await stage.pulls())[0], { attempts: 1, result: 'imported' });
  });

  it('is ended by no attempt but its latest, however whole the file of an earlier one is', async () => {
    const run = stage.newRun();
    const responses: ServerResponse[] = [];
    // Rows are stored by the thousand as they come; the file only lacks its end.
    stage.server.answer((response) => {
      responses.push(response);
      response.write(HEADER + LINE.repeat(3000));
    });
    const held = await stage.db.transaction();
    const slow = stage.attempt(run);
    const slowEnds = assert.rejects(slow, /goes on elsewhere/);
    await eventually(async () => assert.ok((await stage.db('import_chunks')).length > 0, 'nothing is stored'));
    // So that the latest attempt cannot drop it before it ends.
    await held('import_chunks').forUpdate();
    const latest = stage.attempt(run);
    await eventually(async () => assertFields((await stage.pulls())[0], { attempts: 2 }));
    responses[0]?.end();
    await eventually(async () => assert.equal(await countLocked(stage.db), 2, 'both want its rows gone'));
    await held.commit();
    await slowEnds;
    assertFields((await stage.pulls())[0], { result: null });
    await eventually(() => assert.equal(responses.length, 2));
    responses[1]?.end();
    assertFields(await latest, { result: 'imported' });
  });

  /** Has a file half received by an attempt of which nobody hears any more. */
  async function leaveHalfAFile(run: PullRun, chunks: number): Promise<void> {
    stage.server.refuse(503);
    await assert.rejects(stage.attempt(run));
    const { advertiserId } = stage;
    const values = { importId: 'half', advertiserId, chunks };
    await stage.db.raw(
      `insert into imports (import_id, advertiser_id, source, notify, dry_run) values (:importId, :advertiserId, 'pull', true, false)`,
      values,
    );
    await stage.db.raw(
      `insert into import_chunks (import_id, chunk, first_row, file_rows)
       select :importId, n, n + 1, '[]' from generate_series(0, :chunks::int - 1) n`,
      values,
    );
    await stage.db('pulls').where({ run_id: run.runId }).update({ receiving_id: 'half' });
  }

  it('drops half a large file piece by piece, and is heard of meanwhile', async () => {
    const run = stage.newRun();
    await leaveHalfAFile(run, 350);
    stage.server.serve(HEADER + LINE);
    const held = await stage.db.transaction();
    await held('import_chunks').where({ chunk: 250 }).forUpdate();
    const environment = new MockActivityEnvironment();
    let beats = 0;
    environment.on('heartbeat', () => beats++);
    const attempt = stage.attempt(run, { environment });
    await eventually(async () => {
      assert.equal((await stage.db('import_chunks')).length, 150, 'the pieces before it are gone');
      assert.ok(beats > 1, 'nobody hears of it');
    });
    await held.commit();
    assertFields(await attempt, { result: 'imported' });
    assertFields((await stage.pulls())[0], { attempts: 2 });
    assert.equal((await imports()).length, 1);
  });

  it('leaves nothing of the file that was coming in when its workflow was terminated, once the next one begins', async () => {
    const run = stage.newRun();
    await leaveHalfAFile(run, 3);
    stage.server.serve(HEADER + LINE);
    const { importId } = await stage.pull();
    assert.deepEqual(
      (await imports()).map(({ import_id }) => import_id),
      [importId],
    );
    assert.deepEqual(await stage.db('pulls').whereNotNull('receiving_id'), []);
  });

  it('is closed when its workflow was terminated and the next one begins', async () => {
    const run = stage.newRun();
    stage.server.refuse(503);
    await assert.rejects(stage.attempt(run));
    stage.server.serve(HEADER + LINE);
    await stage.pull();
    const [second, first] = await stage.pulls();
    assertFields(first, { result: 'failed', http_status: 503, problem: 'http_status' });
    assertFields(second, { result: 'imported' });
  });

  it('counts as failed when its workflow was terminated', async () => {
    stage.server.refuse(503);
    for (const run of [stage.newRun(), stage.newRun(), stage.newRun()]) await assert.rejects(stage.attempt(run));
    const standing = await readPullStanding(stage.db, stage.advertiserId);
    assert.equal(standing?.failures, 2, 'all but the last, which is still under way');
    assert.ok(standing.failing_since, 'it does not say since when');
  });

  it('drops the oldest of more than a thousand, but not what tells whether there is something new', async () => {
    stage.server.serve(HEADER + LINE, { etag: '"one"' });
    const { importId } = await stage.pull();
    await stage.imports.batch(importId ?? '');
    await stage.db.raw(
      `insert into pulls (pull_id, advertiser_id, run_id, revised_at, result, ended_at)
       select pull_id || 'x' || n, advertiser_id, 'old-' || n, revised_at, 'unchanged', now()
       from pulls, generate_series(1, 1200) n`,
    );
    stage.server.refuse(304);
    assertFields(await stage.pull(), { result: 'unchanged' });
    const kept = await stage.db('pulls').select<{ import_id: string | null }[]>('import_id');
    assert.equal(kept.length, 1001);
    assert.equal(kept.filter(({ import_id }) => import_id === importId).length, 1);
  });

  it('cannot be made where its headers cannot be read', async () => {
    await stage.save({ headers: { 'x-key': 'secret' } });
    const by = stage.createPuller({ headerKeys: ['another key of the tests'] });
    await assert.rejects(stage.attempt(stage.newRun(), { by }), /cannot be read with PULL_HEADERS_KEY/);
    assert.equal(stage.server.asked.length, 0);
  });
});
