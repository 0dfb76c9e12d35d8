import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { createAdvertiser } from '../../src/db/advertisers.ts';
import { connectImportDb, connectStatusDb } from '../../src/db/connect.ts';
import { recordStatuses, recordUnheldStatuses, type StatusVerdict } from '../../src/db/statuses/record-statuses.ts';
import type { StatusReport } from '../../src/domain/status-report.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';

const WINDOW_MS = 60_000;
const LONG_AGO = '2026-01-01T00:00:00Z';
const MEANINGS = ['pending', 'approved', 'rejected', 'unknown_word', 'malformed', 'ignored'] as const;

type Row = { lead_id?: string; conversion_id?: string | null };

describe('recording many statuses in one transaction', () => {
  let network: Network;
  let db: Knex;
  let rival: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    rival = (await createAdvertiser(db, { name: 'Rival' })).advertiser.advertiser_id;
  });

  after(() => network.close());

  function reportOf(changes: Partial<StatusReport>): StatusReport {
    return {
      advertiserId: network.advertiserId,
      conversionId: null,
      word: null,
      meaning: 'approved',
      reason: null,
      transactionId: null,
      raw: { method: 'GET', query: {}, body: null },
      source: 'call',
      eventAt: null,
      notify: true,
      callId: null,
      isAcceptedLate: false,
      ...changes,
    };
  }

  async function inOneBatch(reports: StatusReport[]): Promise<StatusVerdict[]> {
    return await db.transaction((trx) => recordStatuses(trx, reports, { windowMs: WINDOW_MS }));
  }

  async function closeWindow(leadId: string): Promise<void> {
    await db('leads').where({ lead_id: leadId }).update({ last_activity_at: LONG_AGO });
    await db('conversions').where({ lead_id: leadId }).update({ created_at: LONG_AGO });
  }

  /** A lead with two conversions, one with one, and one whose window is over. */
  async function aWorld() {
    const [open, other, closed] = await Promise.all([network.aLead('ann'), network.aLead('ann'), network.aLead('ann')]);
    const second = await network.convert(open.leadId);
    await closeWindow(closed.leadId);
    return {
      leads: [open.leadId, other.leadId, closed.leadId],
      conversions: [open.conversionId, second, other.conversionId, closed.conversionId, 'never-heard-of'],
    };
  }

  type World = Awaited<ReturnType<typeof aWorld>>;

  /** All that stands in the tables, without times and with ids by their place in the world. */
  async function factsOf({ leads, conversions }: World, calls: number[]) {
    const place = (id: string | null) => (id === null ? null : conversions.indexOf(id));
    const [events, last, fates, owed, kept] = await Promise.all([
      db('lead_events')
        .whereIn('lead_id', leads)
        .andWhere({ type: 'status' })
        .orderBy('seq')
        .select<Row[]>(
          'lead_id',
          'seq',
          'conversion_id',
          'status',
          'reason',
          'price_amount',
          'price_version',
          'notify',
        ),
      db('leads').whereIn('lead_id', leads).select<Row[]>('lead_id', 'last_seq'),
      db('conversions').whereIn('conversion_id', conversions).select<Row[]>('conversion_id', 'status'),
      db('outbox').whereIn('lead_id', leads).select<Row[]>('lead_id', 'from_seq', 'upto_seq', 'urgency'),
      db('status_calls')
        .whereIn('call_id', calls)
        .orderBy('call_id')
        .select<Row[]>('advertiser_id', 'conversion_id', 'result', 'seq', 'transaction_id', 'raw'),
    ]);
    const named = (row: Row) => ({
      ...row,
      ...(row.lead_id !== undefined && { lead_id: leads.indexOf(row.lead_id) }),
      ...(row.conversion_id !== undefined && { conversion_id: place(row.conversion_id) }),
    });
    const sorted = (rows: Row[]) => rows.map((row) => JSON.stringify(named(row))).sort();
    return [sorted(events), sorted(last), sorted(fates), sorted(owed), kept.map(named)];
  }

  it('gives exactly what the same reports give one by one', async () => {
    const someReport = fc.record({
      conversion: fc.option(fc.nat({ max: 4 }), { freq: 10 }),
      meaning: fc.constantFrom(...MEANINGS.slice(0, 3), ...MEANINGS),
      isRival: fc.constantFrom(false, false, false, false, true),
      isAcceptedLate: fc.constantFrom(false, false, false, true),
      isInWindow: fc.boolean(),
      notify: fc.boolean(),
      reason: fc.option(fc.constantFrom('paid', 'a\0b', '\ud800', '\\u0000')),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(someReport, { minLength: 1, maxLength: 25 }), async (given) => {
        const reportsFor = ({ conversions }: World) =>
          given.map(({ conversion, isRival, isInWindow, ...report }, index) =>
            reportOf({
              ...report,
              advertiserId: isRival ? rival : network.advertiserId,
              conversionId: conversion === null ? null : (conversions[conversion] ?? null),
              eventAt: isInWindow ? LONG_AGO : null,
              transactionId: `t${index}`,
              raw: { method: 'POST', query: { index }, body: { reason: report.reason } },
            }),
          );
        const [together, apart] = [await aWorld(), await aWorld()];
        const batch = await inOneBatch(reportsFor(together));
        const single: StatusVerdict[] = [];
        for (const report of reportsFor(apart)) single.push(...(await inOneBatch([report])));
        const told = (verdicts: StatusVerdict[], { leads }: World) =>
          verdicts.map(({ result, leadId, seq }) => ({ result, seq, lead: leadId && leads.indexOf(leadId) }));
        assert.deepEqual(told(batch, together), told(single, apart));
        const callsOf = (verdicts: StatusVerdict[]) => verdicts.map(({ callId }) => callId);
        assert.deepEqual(await factsOf(together, callsOf(batch)), await factsOf(apart, callsOf(single)));
      }),
      { numRuns: 25 },
    );
  });

  it('asks Postgres as often for two hundred reports as for two', async () => {
    const leads = await Promise.all(Array.from({ length: 200 }, () => network.aLead('ann')));
    const reports = leads.map(({ conversionId }) => reportOf({ conversionId }));
    const asked: string[] = [];
    const count = ({ sql }: { sql: string }) => void asked.push(sql);
    db.on('query', count);
    const verdicts = await inOneBatch(reports);
    db.off('query', count);
    assert.deepEqual([...new Set(verdicts.map(({ result }) => result))], ['recorded']);
    // The three, within BEGIN and COMMIT.
    assert.equal(asked.length, 5, asked.join('\n'));
  });

  it('batches with the same leads in different orders wait for each other and never dead-lock', async () => {
    const leads = await Promise.all(Array.from({ length: 20 }, () => network.aLead('ann')));
    const words = ['approved', 'rejected'] as const;
    const batches = Array.from({ length: 16 }, (_, round) =>
      leads
        .map(({ conversionId }) => reportOf({ conversionId, meaning: words[round % 2] ?? 'approved' }))
        .sort(() => (round % 3) - 1),
    );
    const reversed = batches.map((batch, round) => (round % 2 ? batch.toReversed() : batch));
    const verdicts = await Promise.all([
      ...reversed.map((batch) => inOneBatch(batch)),
      ...leads.flatMap(({ leadId }) => [network.touch(leadId, 'bob'), network.touch(leadId, 'ann')]),
    ]);
    assert.equal(verdicts.flat().length, 16 * 20 + 40);
    for (const { leadId } of leads) {
      const events = await db('lead_events').where({ lead_id: leadId }).orderBy('seq').select<{ seq: number }[]>('seq');
      assert.deepEqual(
        events.map(({ seq }) => seq),
        events.map((_, index) => index + 1),
      );
    }
  });

  it('leaves a report whose lead is held by somebody else, and records the others meanwhile', async () => {
    const [free, held] = [await network.aLead('ann'), await network.aLead('ann')];
    const holder = await db.transaction();
    await holder('leads').where({ lead_id: held.leadId }).forUpdate().select('lead_id');
    const reports = [held, free, held].map(({ conversionId }) => reportOf({ conversionId }));
    const record = () =>
      db.transaction((trx) => recordUnheldStatuses(trx, reports, { windowMs: WINDOW_MS, whenCounting: 'leave' }));
    const resultsOf = (verdicts: Awaited<ReturnType<typeof record>>) =>
      verdicts.map((verdict) => (typeof verdict === 'string' ? verdict : verdict.result));
    assert.deepEqual(resultsOf(await record()), ['lead_held', 'recorded', 'lead_held']);
    await holder.rollback();
    assert.equal((await db('status_calls').where({ conversion_id: held.conversionId }).select('call_id')).length, 0);
    assert.deepEqual(resultsOf(await record()), ['recorded', 'duplicate', 'duplicate']);
  });

  it('calls of many at once go through while one lead is held, and that one when it is free again', async () => {
    const [held, ...others] = await Promise.all(Array.from({ length: 65 }, () => network.aLead('ann')));
    assert.ok(held);
    const holder = await db.transaction();
    await holder('leads').where({ lead_id: held.leadId }).forUpdate().select('lead_id');
    let heldAnswer = 'waiting';
    const waiting = network.report(held.conversionId, 'approved').then(({ result }) => (heldAnswer = result));
    const answers = await Promise.all(others.map(({ conversionId }) => network.report(conversionId, 'approved')));
    assert.deepEqual([...new Set(answers.map(({ result }) => result))], ['recorded']);
    assert.equal(heldAnswer, 'waiting');
    await holder.commit();
    assert.equal(await waiting, 'recorded');
  });

  it('R9: the window is judged by the time that the advertiser gives, and the event keeps the time of its commit', async () => {
    const { leadId, conversionId } = await network.aLead('ann');
    await closeWindow(leadId);
    const soonAfter = new Date(Date.parse(LONG_AGO) + WINDOW_MS).toISOString();
    const tooLate = new Date(Date.parse(LONG_AGO) + WINDOW_MS + 1).toISOString();
    const reports = [tooLate, '2999-01-01T00:00:00Z', '2025-12-31T00:00:00Z', null, soonAfter].map((eventAt) =>
      reportOf({ conversionId, eventAt, source: 'import' }),
    );
    const before = Date.now();
    assert.deepEqual(
      (await inOneBatch(reports)).map(({ result }) => result),
      ['window_closed', 'malformed', 'malformed', 'window_closed', 'recorded'],
    );
    const event = await db('lead_events')
      .where({ lead_id: leadId, type: 'status' })
      .first<{ at: string; event_at: string }>('at', 'event_at');
    assert.equal(event.event_at, soonAfter);
    // Postgres and this process share a clock.
    assert.ok(Date.parse(event.at) >= before - 1000, event.at);
  });

  describe('R7, where an advertiser tells when it happened', () => {
    const OPEN_MS = 3 * 60 * 60_000;
    let now: number;
    beforeEach(() => {
      now = Date.now();
    });
    const at = (minute: number) => new Date(now - (60 - minute) * 60_000).toISOString();

    /** A conversion of three hours ago, in an open lead. */
    async function anOldConversion(): Promise<string> {
      const { leadId, conversionId } = await network.aLead('ann');
      const then = new Date(Date.now() - OPEN_MS);
      await db('conversions').where({ lead_id: leadId }).update({ created_at: then });
      return conversionId;
    }

    const judge = async (...reports: Partial<StatusReport>[]): Promise<string[]> => {
      const given = reports.map((report) => reportOf({ source: 'import', ...report }));
      const verdicts = await db.transaction((trx) => recordStatuses(trx, given, { windowMs: OPEN_MS }));
      return verdicts.map(({ result }) => result);
    };

    it('a report of an earlier moment than the decision is stale, in a batch of its own or in the same', async () => {
      const [one, two] = [await anOldConversion(), await anOldConversion()];
      const decision = { meaning: 'rejected' as const, eventAt: at(10) };
      const older = { meaning: 'approved' as const, eventAt: at(9) };
      assert.deepEqual(await judge({ ...decision, conversionId: one }), ['recorded']);
      assert.deepEqual(await judge({ ...older, conversionId: one }), ['stale']);
      const both = [decision, older].map((report) => ({ ...report, conversionId: two }));
      assert.deepEqual(await judge(...both), ['recorded', 'stale']);
    });

    it('one of the same moment or a later one is a correction, and so is one without a time', async () => {
      const conversionId = await anOldConversion();
      await judge({ conversionId, meaning: 'approved', eventAt: at(10) });
      assert.deepEqual(await judge({ conversionId, meaning: 'rejected', eventAt: at(10) }), ['recorded']);
      assert.deepEqual(await judge({ conversionId, meaning: 'approved', eventAt: at(11) }), ['recorded']);
      assert.deepEqual(await judge({ conversionId, meaning: 'rejected' }), ['recorded']);
      assert.deepEqual(await judge({ conversionId, meaning: 'approved', eventAt: at(59) }), ['stale']);
    });

    it('a time in whole seconds is not older than a decision of the same second', async () => {
      const conversionId = await anOldConversion();
      const momentAt = (ms: number) => new Date(Date.parse(at(10).replace(/\.\d+/, '')) + ms).toISOString();
      const rejectedAt = (ms: number) => judge({ conversionId, meaning: 'rejected', eventAt: momentAt(ms) });
      await judge({ conversionId, meaning: 'approved', eventAt: momentAt(700) });
      assert.deepEqual(await rejectedAt(300), ['stale']);
      assert.deepEqual(await rejectedAt(-1000), ['stale']);
      assert.deepEqual(await rejectedAt(0), ['recorded']);
    });

    it('what repeats a decision says it once more, of its own moment', async () => {
      const conversionId = await anOldConversion();
      await judge({ conversionId, meaning: 'approved', eventAt: at(10) });
      assert.deepEqual(await judge({ conversionId, meaning: 'approved', eventAt: at(20) }), ['duplicate']);
      assert.deepEqual(await judge({ conversionId, meaning: 'rejected', eventAt: at(15) }), ['stale']);
      assert.deepEqual(await judge({ conversionId, meaning: 'rejected', eventAt: at(21) }), ['recorded']);
    });

    it('a decision gives way to no earlier one when its window is over, nor when its calls are dropped', async () => {
      const { leadId, conversionId } = await network.aLead('ann');
      await closeWindow(leadId);
      await judge({ conversionId, meaning: 'approved', eventAt: LONG_AGO.replace('00:00:00', '02:00:00') });
      await db('status_calls').where({ conversion_id: conversionId }).delete();
      const older = { conversionId, eventAt: LONG_AGO.replace('00:00:00', '01:00:00') };
      assert.deepEqual(await judge({ ...older, meaning: 'rejected' }), ['stale']);
    });

    it('a first decision may be of an earlier moment than the pending that it follows', async () => {
      const conversionId = await anOldConversion();
      await judge({ conversionId, meaning: 'pending', eventAt: at(10) });
      assert.deepEqual(await judge({ conversionId, meaning: 'approved', eventAt: at(5) }), ['recorded']);
    });

    it('a kept call whose word is explained later corrects no decision of a later moment, but an earlier one', async () => {
      const conversionId = await anOldConversion();
      const kept = reportOf({ conversionId, meaning: 'unknown_word', source: 'import', eventAt: at(20) });
      const [call] = await db.transaction((trx) => recordStatuses(trx, [kept], { windowMs: OPEN_MS }));
      assert.ok(call);
      const again = { ...kept, meaning: 'rejected' as const, callId: call.callId, cameAt: at(60) };
      await judge({ conversionId, meaning: 'approved', eventAt: at(30) });
      assert.deepEqual(await judge(again), ['stale']);
      const other = await anOldConversion();
      const [ofOther] = await db.transaction((trx) =>
        recordStatuses(trx, [{ ...kept, conversionId: other }], { windowMs: OPEN_MS }),
      );
      await judge({ conversionId: other, meaning: 'approved', eventAt: at(10) });
      assert.deepEqual(await judge({ ...again, conversionId: other, callId: ofOther?.callId ?? null }), ['recorded']);
    });

    it('ends with the latest decision, in whatever order and in however many files it is told', async () => {
      const told = fc
        .uniqueArray(fc.record({ minute: fc.nat(50), meaning: fc.constantFrom(...MEANINGS.slice(0, 3)) }), {
          selector: ({ minute }) => minute,
          minLength: 1,
          maxLength: 8,
        })
        .chain((reports) =>
          fc.record({
            reports: fc.shuffledSubarray(reports, { minLength: reports.length }),
            cut: fc.nat(reports.length),
          }),
        );
      await fc.assert(
        fc.asyncProperty(told, async ({ reports, cut }) => {
          const conversionId = await anOldConversion();
          const given = reports.map(({ minute, meaning }) => ({ conversionId, meaning, eventAt: at(minute) }));
          await judge(...given.slice(0, cut));
          await judge(...given.slice(cut));
          const decisions = reports.filter(({ meaning }) => meaning !== 'pending');
          const latest = decisions.sort((a, b) => b.minute - a.minute)[0];
          const row = await db('conversions')
            .where({ conversion_id: conversionId })
            .first<{ status: string }>('status');
          assert.equal(row.status, latest?.meaning ?? 'pending');
        }),
        { numRuns: 40 },
      );
    });
  });

  it('a call that is kept already is judged again in its own row', async () => {
    const { leadId, conversionId } = await network.aLead('ann');
    const [first] = await inOneBatch([reportOf({ conversionId, meaning: 'unknown_word', transactionId: 'order-7' })]);
    assert.ok(first);
    const [again, fresh] = await inOneBatch([
      reportOf({ conversionId, callId: first.callId }),
      reportOf({ conversionId }),
    ]);
    assert.deepEqual(again, { callId: first.callId, result: 'recorded', leadId, seq: 3 });
    assert.equal(fresh?.result, 'duplicate');
    const kept = await db('status_calls')
      .where({ conversion_id: conversionId })
      .orderBy('call_id')
      .select<{ result: string; seq: number | null; transaction_id: string | null }[]>(
        'result',
        'seq',
        'transaction_id',
      );
    assert.deepEqual(kept, [
      { result: 'recorded', seq: 3, transaction_id: 'order-7' },
      { result: 'duplicate', seq: null, transaction_id: null },
    ]);
  });

  it('a signed call that comes once more undoes nothing, in the same batch or in a later one', async () => {
    const { conversionId } = await network.aLead('ann');
    const said = (meaning: 'pending' | 'approved' | 'rejected', signedAs: string) =>
      reportOf({ conversionId, meaning, signedAs: `${conversionId} ${signedAs}` });
    const results = async (...reports: StatusReport[]) => (await inOneBatch(reports)).map(({ result }) => result);
    assert.deepEqual(
      await results(said('pending', 'a'), said('approved', 'b'), said('rejected', 'c'), said('approved', 'b')),
      ['recorded', 'recorded', 'recorded', 'stale'],
    );
    assert.deepEqual(await results(said('approved', 'b')), ['stale']);
    assert.deepEqual(await results(said('approved', 'd'), said('rejected', 'c')), ['recorded', 'stale']);
    assert.deepEqual(await results(said('rejected', 'e')), ['recorded']);
  });

  it('a signed call is forgotten 15 minutes after it came last, and may then be what its advertiser says anew', async () => {
    const { conversionId } = await network.aLead('ann');
    const signedAs = `${conversionId} a`;
    const results = async (...reports: StatusReport[]) => (await inOneBatch(reports)).map(({ result }) => result);
    const pass = (minutes: number) =>
      db('signed_calls')
        .where({ digest: signedAs })
        .update({ seen_at: db.raw("seen_at - ? * interval '1 minute'", [minutes]) });
    const approved = reportOf({ conversionId, signedAs });
    assert.deepEqual(await results(approved), ['recorded']);
    await pass(14);
    assert.deepEqual(await results(approved, reportOf({ conversionId, meaning: 'rejected' })), [
      'duplicate',
      'recorded',
    ]);
    await pass(14);
    assert.deepEqual(await results(approved), ['stale']);
    await pass(16);
    assert.deepEqual(await results(approved, reportOf({ conversionId, meaning: 'rejected' })), [
      'recorded',
      'recorded',
    ]);
    assert.deepEqual(await results(approved), ['stale']);
  });

  it('a signed call that was refused is judged anew when it comes once more', async () => {
    const { conversionId, leadId } = await network.aLead('ann');
    await closeWindow(leadId);
    const report = reportOf({ conversionId, signedAs: `${conversionId} a` });
    assert.deepEqual((await inOneBatch([report]))[0]?.result, 'window_closed');
    await db('leads').where({ lead_id: leadId }).update({ last_activity_at: db.fn.now() });
    assert.deepEqual((await inOneBatch([report]))[0]?.result, 'recorded');
  });

  it('what was signed is remembered for some minutes, and dropped by those that come later', async () => {
    const digests = Array.from({ length: 4 }, (_, index) => `old ${index}`);
    const seenAt = db.raw("now() - interval '31 minutes'");
    await db('signed_calls').insert(digests.map((digest) => ({ digest, seen_at: seenAt })));
    await db('signed_calls').insert({ digest: 'of a moment ago' });
    for (const signedAs of ['of today', 'of tomorrow']) {
      await inOneBatch([reportOf({ conversionId: (await network.aLead('ann')).conversionId, signedAs })]);
    }
    const left = await db('signed_calls').whereLike('digest', 'o%').orderBy('digest').pluck<string[]>('digest');
    assert.deepEqual(left, ['of a moment ago', 'of today', 'of tomorrow']);
  });

  it('a call with a value that cannot be stored is refused alone', async () => {
    const leads = await Promise.all(Array.from({ length: 20 }, () => network.aLead('ann')));
    const answers = await Promise.all(
      leads.map(({ conversionId }, index) =>
        network.report(index === 7 ? `${conversionId}\0` : conversionId, 'approved').then(
          ({ result }) => result,
          (error: { kind: string }) => error.kind,
        ),
      ),
    );
    assert.deepEqual(
      answers,
      leads.map((_, index) => (index === 7 ? 'malformed' : 'recorded')),
    );
  });

  it('what was handed in is committed when flush ends', async () => {
    const leads = await Promise.all(Array.from({ length: 50 }, () => network.aLead('ann')));
    const [first] = leads;
    assert.ok(first);
    const holder = await db.transaction();
    await holder('leads').where({ lead_id: first.leadId }).forUpdate().select('lead_id');
    const answered = leads.map(({ conversionId }) => network.report(conversionId, 'pending'));
    let isFlushed = false;
    const flushed = network.statuses.flush().then(() => (isFlushed = true));
    const recorded = async () =>
      (
        await db('conversions')
          .whereIn(
            'conversion_id',
            leads.map((lead) => lead.conversionId),
          )
          .whereNotNull('status')
          .select('status')
      ).length;
    await eventually(async () => assert.equal(await recorded(), 49));
    assert.equal(isFlushed, false);
    await holder.commit();
    await flushed;
    assert.equal(await recorded(), 50);
    await Promise.all(answered);
  });

  for (const connect of [connectStatusDb, connectImportDb]) {
    it(`reads none of the calls that were kept before (${connect.name})`, async () => {
      const own = await createTestDatabase();
      const fresh = await createNetwork(own);
      const one = connect({ url: own.url, poolSize: 1, statementTimeoutMs: 5000 });
      const record = async () => {
        const { advertiserId } = fresh;
        const reports = Array.from({ length: 100 }, () => reportOf({ advertiserId, conversionId: 'nobody' }));
        await one.transaction((trx) => recordStatuses(trx, reports, { windowMs: WINDOW_MS }));
      };
      const readSoFar = async () => {
        await one.raw('select pg_stat_force_next_flush()');
        const { rows } = await one.raw<{ rows: [{ read: number }] }>(
          `select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as read from pg_stat_user_tables
           where relname = 'status_calls'`,
        );
        return rows[0].read;
      };
      // Its plan is made now, when Postgres knows that there are none.
      await one.raw('analyze status_calls');
      await record();
      const before = await readSoFar();
      for (let batch = 0; batch < 3; batch++) await record();
      assert.equal(await readSoFar(), before);
      await one.destroy();
      await fresh.close();
    });
  }
});
