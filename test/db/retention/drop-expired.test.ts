import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import {
  dropBotVisits,
  dropRefusedCalls,
  dropResponseBodies,
  dropStatusCalls,
  dropVisitTraces,
  type Drop,
} from '../../../src/db/retention/drop-expired.ts';
import { CHUNKS_PER_BATCH } from '../../../src/db/imports/drop-rows.ts';
import { dropImportFiles } from '../../../src/db/retention/drop-import-files.ts';
import { applyKeptCalls } from '../../../src/intake/kept-calls.ts';
import { applyImport } from '../../../src/db/imports/apply-import.ts';
import { readFactsOfConversion } from '../../../src/db/reports/lead-facts.ts';
import { createTestDatabase } from '../../support/database.ts';
import { makeEventfulLead } from '../../support/leads/eventful-lead.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { DAY_MS, policy } from '../../support/policy.ts';

const ANNA = { name: 'anna', role: 'operate' } as const;

describe('dropping what is past its time', () => {
  let network: Network;
  let db: Knex;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
  });

  afterEach(() => network.close());

  /** @returns how many each batch has dropped */
  async function dropAll(drop: Drop, days: number, windowMs = policy.windowMs): Promise<number[]> {
    const batches: number[] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const batch = await drop(db, { days, windowMs, after });
      batches.push(batch.dropped);
      after = batch.next;
    }
    return batches;
  }

  const ago = (days: number) => db.raw(`now() - :days * interval '1 day'`, { days });

  it('takes visits of bots that are older, a thousand at a time, and leaves the others', async () => {
    await db.raw(
      `insert into bot_visits (at, partner_id, bot)
       select now() - (2100 - n) * interval '1 hour', 'ann', 'Googlebot' from generate_series(1, 2100) n`,
    );
    const [left] = await db('bot_visits').whereRaw(`at >= now() - interval '3 days'`).count<{ count: number }[]>();
    assert.deepEqual(await dropAll(dropBotVisits, 3), [1000, 1000, 100 - Number(left?.count)]);
    assert.deepEqual(await db('bot_visits').count<{ count: number }[]>(), [left]);
    assert.deepEqual(await dropAll(dropBotVisits, 3), [0]);
  });

  it('takes what calls without a proof looked like, and hashes of visitors', async () => {
    const call = { advertiser_id: network.advertiserId, reason: 'token', calls: 3, sample: '{}', last_at: ago(0) };
    await db('refused_calls').insert([
      { ...call, hour: ago(31) },
      { ...call, hour: ago(29) },
    ]);
    assert.deepEqual(await dropAll(dropRefusedCalls, 30), [1]);
    const hash = Buffer.from('hash');
    const trace = { lead_id: 'lead', address_hash: hash, agent_hash: hash, by_link: false };
    await db('visit_traces').insert([
      { ...trace, at: ago(31) },
      { ...trace, at: ago(29) },
    ]);
    assert.deepEqual(await dropAll(dropVisitTraces, 30), [1]);
    for (const table of ['refused_calls', 'visit_traces']) assert.equal((await db(table)).length, 1);
  });

  it('takes status calls, and what they have made of a conversion stays', async () => {
    const { conversionId } = await makeEventfulLead(network);
    await db('leads').update({ last_activity_at: ago(31) });
    const whole = await readFactsOfConversion(db, conversionId);
    assert.ok(whole && whole.statusCalls.length > 2);
    assert.deepEqual(await dropAll(dropStatusCalls, 30), [0]);
    await db('status_calls').update({ at: ago(31) });
    await dropAll(dropStatusCalls, 30);
    assert.deepEqual(await readFactsOfConversion(db, conversionId), { ...whole, statusCalls: [] });
  });

  it('leaves every call that may still be applied until its window is over, and takes those around it', async () => {
    const windowMs = 60 * DAY_MS;
    const leads = { open: await network.aLead(null), over: await network.aLead(null), long: await network.aLead(null) };
    for (const { conversionId } of Object.values(leads)) {
      await network.report(conversionId, 'pending');
      for (const word of ['perhaps', 'maybe']) await network.report(conversionId, word).catch(() => undefined);
    }
    const calls = (lead: keyof typeof leads) => db('status_calls').where({ conversion_id: leads[lead].conversionId });
    // The window of one is open though the call is older than a window: its visitor came again.
    for (const [lead, calledDays, activeDays] of [
      ['open', 59, 59],
      ['over', 61, 61],
      ['long', 70, 10],
    ] as const) {
      await calls(lead).update({ at: ago(calledDays) });
      await db('leads')
        .where({ lead_id: leads[lead].leadId })
        .update({ last_activity_at: ago(activeDays) });
    }
    await dropAll(dropStatusCalls, 30, windowMs);
    assert.deepEqual(await calls('open').pluck('word'), ['perhaps', 'maybe']);
    assert.deepEqual(await calls('long').pluck('word'), ['perhaps', 'maybe']);
    assert.deepEqual(await calls('over').pluck('word'), []);
    const waiting = { advertiserId: network.advertiserId, actor: ANNA, withinMs: 10_000 };
    await db('advertisers').update({
      vocabulary: { words: { perhaps: 'approved' }, default_status: null, parameters: {} },
    });
    assert.equal((await applyKeptCalls({ db, windowMs }, waiting)).applied, 2);
  });

  it('leaves the decision that came behind a call which may still be applied, so that an older one undoes none', async () => {
    const windowMs = 60 * DAY_MS;
    const [open, over] = [await network.aLead(null), await network.aLead(null)];
    for (const { conversionId } of [open, over]) {
      await network.report(conversionId, 'perhaps').catch(() => undefined);
      await network.report(conversionId, 'rejected');
    }
    await db('status_calls').update({ at: ago(70) });
    await db('leads').update({ last_activity_at: ago(70) });
    await db('leads')
      .where({ lead_id: open.leadId })
      .update({ last_activity_at: ago(10) });
    await dropAll(dropStatusCalls, 30, windowMs);
    await db('advertisers').update({
      vocabulary: { words: { perhaps: 'approved' }, default_status: null, parameters: {} },
    });
    const { results } = await applyKeptCalls(
      { db, windowMs },
      { advertiserId: network.advertiserId, actor: ANNA, withinMs: 10_000 },
    );
    assert.deepEqual(results, { stale: 1 });
    const left = await db('status_calls').orderBy('call_id').select('conversion_id', 'word', 'result');
    assert.deepEqual(left, [
      { conversion_id: open.conversionId, word: 'perhaps', result: 'stale' },
      { conversion_id: open.conversionId, word: 'rejected', result: 'recorded' },
    ]);
    await dropAll(dropStatusCalls, 30, windowMs);
    assert.deepEqual(await db('status_calls'), []);
  });

  it('goes on behind more calls that are waited for than fit into a batch', async () => {
    await db.raw(
      `insert into status_calls (advertiser_id, at, raw, result)
       select :advertiserId, now() - interval '40 days' + n * interval '1 second', '{}',
         case when n <= 1500 then 'unknown_word' else 'duplicate' end
       from generate_series(1, 1700) n`,
      { advertiserId: network.advertiserId },
    );
    assert.deepEqual(await dropAll(dropStatusCalls, 30, 60 * DAY_MS), [0, 200]);
  });

  it('takes what partners have answered, and leaves that, when and how they did', async () => {
    const { conversionId } = await makeEventfulLead(network);
    const whole = await readFactsOfConversion(db, conversionId);
    assert.ok(whole?.attempts.some((attempt) => attempt.response_body !== null));
    assert.deepEqual(await dropAll(dropResponseBodies, 30), [0]);
    await db('postback_attempts').update({ started_at: ago(31) });
    const before = await readFactsOfConversion(db, conversionId);
    assert.deepEqual(await dropAll(dropResponseBodies, 30), [2]);
    assert.deepEqual(await readFactsOfConversion(db, conversionId), {
      ...before,
      attempts: before?.attempts.map((attempt) => ({ ...attempt, response_body: null })),
    });
  });

  it('takes the rows of files that ended long ago, never those of one under way, and lets nobody apply them', async () => {
    const { advertiserId: advertiser_id } = network;
    const common = { advertiser_id, source: 'ops', format: 'csv', dry_run: true, rows: 1 };
    await db('imports').insert([
      { ...common, import_id: 'old', state: 'done', ended_at: ago(31), recorded: 1 },
      { ...common, import_id: 'older', state: 'cancelled', ended_at: ago(40) },
      { ...common, import_id: 'running', state: 'running', created_at: ago(50) },
      { ...common, import_id: 'young', state: 'done', ended_at: ago(29) },
    ]);
    const all = ['old', 'older', 'running', 'young'].map((import_id) => ({ import_id, chunk: 0 }));
    await db('import_chunks').insert(all.map((row) => ({ ...row, first_row: 1, file_rows: '[]' })));
    await db('import_verdicts').insert(all.map((row) => ({ ...row, dry_run: true, verdicts: '' })));
    assert.deepEqual(await dropAll(dropImportFiles, 30), [1, 1, 0]);
    for (const table of ['import_chunks', 'import_verdicts']) {
      assert.deepEqual(await db(table).orderBy('import_id').pluck('import_id'), ['running', 'young']);
    }
    assert.deepEqual(await db('imports').where({ import_id: 'old' }).pluck('recorded'), [1]);
    await assert.rejects(applyImport(db, { importId: 'old' }), /its file was dropped since: send the file again/);
  });

  it('takes a large file some rows at a time, which nobody can apply from the first on, and goes on when stopped', async () => {
    const { advertiserId: advertiser_id } = network;
    const common = { advertiser_id, source: 'ops', format: 'csv', dry_run: true, rows: 1, state: 'done' };
    await db('imports').insert([
      { ...common, import_id: 'large', ended_at: ago(31) },
      { ...common, import_id: 'not-told', ended_at: ago(40), tell_at: ago(0) },
    ]);
    const chunks = Array.from({ length: 2 * CHUNKS_PER_BATCH + 1 }, (_, chunk) => ({ import_id: 'large', chunk }));
    await db('import_chunks').insert(chunks.map((row) => ({ ...row, first_row: 1, file_rows: '[]' })));
    await db('import_verdicts').insert(chunks.map((row) => ({ ...row, dry_run: true, verdicts: '' })));
    assert.deepEqual(await dropImportFiles(db, { days: 30, windowMs: 0, after: '' }), { dropped: 0, next: '' });
    assert.equal((await db('import_chunks')).length, CHUNKS_PER_BATCH + 1);
    await assert.rejects(applyImport(db, { importId: 'large' }), /its file was dropped since: send the file again/);
    assert.deepEqual(await dropAll(dropImportFiles, 30), [0, 1, 0]);
    assert.deepEqual([await db('import_chunks'), await db('import_verdicts')], [[], []]);
    assert.deepEqual(await db('imports').whereNull('file_dropped_at').pluck('import_id'), ['not-told']);
    assert.deepEqual(await db('imports').where({ is_dropping: true }).pluck('import_id'), []);
  });
});
