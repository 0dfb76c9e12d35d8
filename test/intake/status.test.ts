import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createAdvertiser } from '../../src/db/advertisers.ts';
import { updateOffer } from '../../src/db/offers.ts';
import { AppError } from '../../src/errors.ts';
import { createStatusIntake, type StatusCall, type StatusIntake } from '../../src/intake/status.ts';
import { countLocked, createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';

const LONG_AGO = '2026-01-01T00:00:00Z';

type Owed = { from_seq: number; upto_seq: number; urgency: number };
type CallRow = {
  call_id: number;
  advertiser_id: string;
  conversion_id: string | null;
  result: string;
  lead_id: string | null;
  seq: number | null;
  accepted_at: string | null;
  raw: StatusCall['raw'];
};

const ADMIN = { name: 'anna', role: 'operate' } as const;

describe('status intake on Postgres', () => {
  let network: Network;
  let db: Knex;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
  });

  after(() => network.close());

  async function leadWithConversion() {
    return await network.aLead(await network.partner());
  }

  function callOf(changes: Partial<StatusCall>): StatusCall {
    return {
      advertiserId: network.advertiserId,
      conversionId: null,
      word: null,
      reason: null,
      transactionId: null,
      raw: { method: 'GET', query: {}, body: null },
      ...changes,
    };
  }

  async function closeWindow(leadId: string): Promise<void> {
    await db('leads').where({ lead_id: leadId }).update({ last_activity_at: LONG_AGO });
  }

  async function callsFor(conversionId: string): Promise<CallRow[]> {
    return await db('status_calls').where({ conversion_id: conversionId }).orderBy('call_id').select<CallRow[]>('*');
  }

  async function lastCall(): Promise<CallRow> {
    const call = await db('status_calls').orderBy('call_id', 'desc').first<CallRow | undefined>('*');
    assert.ok(call);
    return call;
  }

  async function statusEventsOf(leadId: string) {
    return await db('lead_events')
      .where({ lead_id: leadId, type: 'status' })
      .orderBy('seq')
      .select<{ seq: number; status: string; reason: string | null; price_amount: number; price_version: number }[]>(
        'seq',
        'status',
        'reason',
        'price_amount',
        'price_version',
      );
  }

  async function owedBy(leadId: string): Promise<Owed | undefined> {
    return await db('outbox').where({ lead_id: leadId }).first<Owed | undefined>('from_seq', 'upto_seq', 'urgency');
  }

  async function refusalOf(answer: Promise<unknown>): Promise<{ kind: string; message: string }> {
    const error = await answer.then(
      () => assert.fail('it was not refused'),
      (refusal: unknown) => refusal,
    );
    assert.ok(error instanceof AppError, String(error));
    return { kind: error.kind, message: error.message };
  }

  it('a status is the next event of its lead, which owes it before everything else', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    const answer = await network.report(conversionId, 'Approved', 'paid');
    assert.deepEqual(answer, { conversionId, status: 'approved', result: 'recorded' });
    assert.deepEqual(await statusEventsOf(leadId), [
      { seq: 3, status: 'approved', reason: 'paid', price_amount: 1250, price_version: 1 },
    ]);
    assert.deepEqual(await owedBy(leadId), { from_seq: 1, upto_seq: 3, urgency: 0 });
    const conversion = await db('conversions').where({ conversion_id: conversionId }).first<{ status: string }>();
    assert.equal(conversion.status, 'approved');
    const [call, ...others] = await callsFor(conversionId);
    assertFields(call, { result: 'recorded', lead_id: leadId, seq: 3 });
    assert.equal(others.length, 0);
    assert.deepEqual(call?.raw, {
      method: 'GET',
      query: { conversion_id: conversionId, status: 'Approved', reason: 'paid' },
      body: null,
    });
  });

  it('R7: the same again is a duplicate and a late pending is stale; both are kept, neither changes anything', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    await network.report(conversionId, 'pending');
    await network.report(conversionId, 'approved');
    await db('outbox').where({ lead_id: leadId }).delete();
    assert.equal((await network.report(conversionId, 'approved')).result, 'duplicate');
    assert.equal((await network.report(conversionId, 'pending')).result, 'stale');
    assert.deepEqual(
      (await statusEventsOf(leadId)).map(({ status }) => status),
      ['pending', 'approved'],
    );
    assert.deepEqual(
      (await callsFor(conversionId)).map(({ result, seq }) => ({ result, seq })),
      [
        { result: 'recorded', seq: 3 },
        { result: 'recorded', seq: 4 },
        { result: 'duplicate', seq: null },
        { result: 'stale', seq: null },
      ],
    );
    assert.equal(await owedBy(leadId), undefined);
    assert.equal((await network.report(conversionId, 'rejected')).result, 'recorded');
    assert.deepEqual(await owedBy(leadId), { from_seq: 5, upto_seq: 5, urgency: 0 });
  });

  it('R7: of two equal statuses at once exactly one is recorded', async () => {
    for (let round = 0; round < 10; round++) {
      const { leadId, conversionId } = await leadWithConversion();
      const answers = await Promise.all([1, 2].map(() => network.report(conversionId, 'approved')));
      assert.deepEqual(answers.map(({ result }) => result).sort(), ['duplicate', 'recorded']);
      assert.equal((await statusEventsOf(leadId)).length, 1);
    }
  });

  it('every authenticated call is kept as it came, also a refused one', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    const raw = { method: 'POST', query: { a: ['1', '2'] }, body: { payout: 1.5, nested: { x: null } } };
    const refused: [Partial<StatusCall>, string, string][] = [
      [{ conversionId, word: 'sold' }, 'unknown_status', 'unknown_word'],
      [{ conversionId: 'never-heard-of', word: 'approved' }, 'unknown', 'unknown_conversion'],
      [{ conversionId: null, word: 'approved' }, 'malformed', 'malformed'],
      [{ conversionId, word: null }, 'malformed', 'malformed'],
      [{ conversionId: null, word: null }, 'malformed', 'malformed'],
    ];
    for (const [changes, kind, result] of refused) {
      const refusal = await refusalOf(network.statuses.record(callOf({ ...changes, reason: 'why', raw })));
      assert.equal(refusal.kind, kind);
      const call = await lastCall();
      assertFields(call, { result, conversion_id: changes.conversionId });
      assert.deepEqual(call.raw, raw);
    }
    assert.deepEqual(await statusEventsOf(leadId), []);
  });

  it('a call with unusable fields is refused with their problems, kept as it came, and changes nothing', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    const problems = [
      { field: 'status', message: 'status must be one text, given once.' },
      { field: 'reason', message: 'reason is too long.' },
    ];
    const raw = { method: 'POST', query: {}, body: { conversion_id: conversionId, status: ['approved'] } };
    for (const named of [conversionId, null]) {
      const call = callOf({ conversionId: named, word: 'approved', raw });
      await assert.rejects(network.statuses.keepMalformed(call, problems), {
        name: 'AppError',
        kind: 'malformed',
        message: 'status must be one text, given once. reason is too long.',
        problems,
      });
      const kept = await lastCall();
      assert.deepEqual(
        { advertiser: kept.advertiser_id, conversion: kept.conversion_id, result: kept.result, raw: kept.raw },
        { advertiser: network.advertiserId, conversion: named, result: 'malformed', raw },
      );
    }
    assert.deepEqual(await statusEventsOf(leadId), []);
  });

  it("another advertiser's conversion is answered exactly as an unknown one and kept for the caller only", async () => {
    const { advertiser } = await createAdvertiser(db, { name: 'Rival' });
    const { leadId, conversionId } = await leadWithConversion();
    const rival = { advertiserId: advertiser.advertiser_id, word: 'approved' };
    const foreign = await refusalOf(network.statuses.record(callOf({ ...rival, conversionId })));
    const unknown = await refusalOf(network.statuses.record(callOf({ ...rival, conversionId: 'never-heard-of' })));
    assert.equal(foreign.kind, 'unknown');
    assert.deepEqual(
      { ...foreign, message: foreign.message.replace(conversionId, 'X') },
      { ...unknown, message: unknown.message.replace('never-heard-of', 'X') },
    );
    const [call] = await callsFor(conversionId);
    assertFields(call, { advertiser_id: advertiser.advertiser_id, result: 'unknown_conversion', lead_id: null });
    assert.deepEqual(await statusEventsOf(leadId), []);
  });

  it('R9: after the window a status is refused and kept, and ops can accept it late, once', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    await closeWindow(leadId);
    await db('outbox').where({ lead_id: leadId }).delete();
    assert.equal((await refusalOf(network.report(conversionId, 'approved', 'at last'))).kind, 'window_closed');
    assert.deepEqual(await statusEventsOf(leadId), []);
    assert.equal(await owedBy(leadId), undefined);
    const [kept] = await callsFor(conversionId);
    assert.equal(kept?.result, 'window_closed');

    const accept = () => network.statuses.acceptLate(kept?.call_id ?? 0, ADMIN);
    const [accepted, refused] = await Promise.allSettled([accept(), accept()]).then((answers) =>
      answers.sort((a, b) => a.status.localeCompare(b.status)),
    );
    assert.deepEqual(accepted, {
      status: 'fulfilled',
      value: { conversionId, status: 'approved', result: 'recorded' },
    });
    assert.ok(refused?.status === 'rejected' && (refused.reason as AppError).kind === 'conflict');
    assert.equal((await refusalOf(accept())).kind, 'conflict');

    assert.deepEqual(
      (await statusEventsOf(leadId)).map(({ seq, status, reason }) => ({ seq, status, reason })),
      [{ seq: 3, status: 'approved', reason: 'at last' }],
    );
    assert.deepEqual(await owedBy(leadId), { from_seq: 3, upto_seq: 3, urgency: 0 });
    const [after] = await callsFor(conversionId);
    assertFields(after, { result: 'accepted_late', seq: 3 });
    assert.ok(after?.accepted_at);
  });

  it('R9: a call kept by an earlier version, with its word and reason noted in raw, can be accepted late', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    await closeWindow(leadId);
    const body = { conversion_id: conversionId, status: ' Rejected ', reason: 77, transaction_id: 'order-1' };
    const raw = { method: 'POST', query: { status: 'pending' }, body, word: ' Rejected ', reason: '77' };
    await db('status_calls').insert({
      advertiser_id: network.advertiserId,
      conversion_id: conversionId,
      raw: JSON.stringify(raw),
      result: 'window_closed',
    });
    const answer = await network.statuses.acceptLate((await lastCall()).call_id, ADMIN);
    assert.deepEqual(answer, { conversionId, status: 'rejected', result: 'recorded' });
    assert.deepEqual(
      (await statusEventsOf(leadId)).map(({ status, reason }) => ({ status, reason })),
      [{ status: 'rejected', reason: '77' }],
    );
  });

  it('R9: what was recorded within the window is still a duplicate after it', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    await network.report(conversionId, 'approved');
    await closeWindow(leadId);
    assert.equal((await network.report(conversionId, 'approved')).result, 'duplicate');
    assert.equal((await refusalOf(network.report(conversionId, 'rejected'))).kind, 'window_closed');
  });

  it('R9: a touch or conversion of the lead keeps its window open, a status does not', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    await closeWindow(leadId);
    await network.convert(leadId);
    assert.equal((await network.report(conversionId, 'pending')).result, 'recorded');
    await closeWindow(leadId);
    assert.equal((await refusalOf(network.report(conversionId, 'approved'))).kind, 'window_closed');
  });

  it('R9: a click that is being committed while a status comes in counts for the window', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    await closeWindow(leadId);
    const click = await db.transaction();
    await click('leads').where({ lead_id: leadId }).update({ last_activity_at: click.fn.now() });
    const reported = network.report(conversionId, 'approved').then(
      ({ result }) => result,
      (error: AppError) => error.kind,
    );
    await eventually(async () => assert.equal(await countLocked(db), 1));
    await click.commit();
    assert.equal(await reported, 'recorded');
  });

  it('R9: only a call that was refused for its window can be accepted late', async () => {
    const { conversionId } = await leadWithConversion();
    await network.report(conversionId, 'approved');
    const [call] = await callsFor(conversionId);
    assert.equal((await refusalOf(network.statuses.acceptLate(call?.call_id ?? 0, ADMIN))).kind, 'conflict');
    assert.equal((await refusalOf(network.statuses.acceptLate(2 ** 40, ADMIN))).kind, 'unknown');
  });

  it('R13: the price of the moment is stored with the status', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    await network.report(conversionId, 'pending');
    await updateOffer(db, network.offerId, { reward: { amount: 990, currency: 'USD' } });
    await network.report(conversionId, 'approved');
    await updateOffer(db, network.offerId, { reward: { amount: 1250, currency: 'USD' } });
    assert.deepEqual(
      (await statusEventsOf(leadId)).map(({ status, price_amount, price_version }) => ({
        status,
        price_amount,
        price_version,
      })),
      [
        { status: 'pending', price_amount: 1250, price_version: 1 },
        { status: 'approved', price_amount: 990, price_version: 2 },
      ],
    );
  });

  it('statuses and clicks of one lead at once leave its events numbered without gaps', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    const others = await Promise.all(Array.from({ length: 8 }, () => network.convert(leadId)));
    const words = ['approved', 'rejected', 'approved', 'rejected'];
    await Promise.all([
      ...Array.from({ length: 200 }, () => network.touch(leadId, 'ann')),
      ...others.flatMap((id) => words.map((word) => network.report(id, word))),
      network.report(conversionId, 'pending'),
    ]);
    const events = await db('lead_events').where({ lead_id: leadId }).orderBy('seq').select<{ seq: number }[]>('seq');
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, index) => index + 1),
    );
    assert.deepEqual(await owedBy(leadId), { from_seq: 1, upto_seq: events.length, urgency: 0 });
    const recorded = await db('status_calls').where({ lead_id: leadId, result: 'recorded' }).select('seq');
    assert.equal((await statusEventsOf(leadId)).length, recorded.length);
  });

  it('statuses of one lead keep the order in which they were answered', async () => {
    const { leadId, conversionId } = await leadWithConversion();
    for (const word of ['pending', 'approved', 'rejected', 'approved']) await network.report(conversionId, word);
    assert.deepEqual(
      (await statusEventsOf(leadId)).map(({ status }) => status),
      ['pending', 'approved', 'rejected', 'approved'],
    );
  });

  it('hostile text anywhere in a call is kept and crashes nothing', async () => {
    const { conversionId } = await leadWithConversion();
    const hostile = { 'nul\0key': 'nul\0value', '\ud800': ['\udfff', { '\0': '\ud83d' }], 'fine 😀': 'fine 😀' };
    const raw = { method: 'POST', query: hostile, body: hostile };
    const { result } = await network.statuses.record(callOf({ conversionId, word: 'approved', raw }));
    assert.equal(result, 'recorded');
    const kept = (await callsFor(conversionId))[0]?.raw;
    const stored = {
      'nul\ufffdkey': 'nul\ufffdvalue',
      '\ufffd': ['\ufffd', { '\ufffd': '\ufffd' }],
      'fine 😀': 'fine 😀',
    };
    assertFields(kept, { query: stored, body: stored });
  });

  it('text that only looks like an escape is kept to the letter', async () => {
    const { conversionId } = await leadWithConversion();
    const spelled = { a: '\\u0000', b: 'C:\\ud800\\x', c: '\\\\u0000', d: '\\"\\' };
    const raw = { method: 'POST', query: {}, body: spelled };
    await network.statuses.record(callOf({ conversionId, word: 'approved', raw }));
    assert.deepEqual((await callsFor(conversionId))[0]?.raw.body, spelled);
  });

  describe('over a database that fails', () => {
    const doors: Record<string, (statuses: StatusIntake) => Promise<unknown>> = {
      authenticate: (statuses) => statuses.authenticate('bank', 'token'),
      record: (statuses) => statuses.record(callOf({ conversionId: 'c', word: 'approved' })),
      keepMalformed: (statuses) => statuses.keepMalformed(callOf({ conversionId: 'c' }), []),
      acceptLate: (statuses) => statuses.acceptLate(1, ADMIN),
    };
    const failing = (error: Error): StatusIntake => {
      const fail = () => {
        throw error;
      };
      const db = Object.assign(fail, { raw: fail, transaction: fail, client: { acquireConnection: fail } });
      return createStatusIntake({ db: db as unknown as Knex, windowMs: 1000 });
    };

    for (const [name, call] of Object.entries(doors)) {
      it(`${name} says that it is not available, whatever the driver called it`, async () => {
        const errors = [
          new Error('Client has encountered a connection error and is not queryable'),
          ...['53100', '53200', '58030', 'EAI_AGAIN', '25006'].map((code) => Object.assign(new Error('x'), { code })),
        ];
        for (const cause of errors) {
          await assert.rejects(call(failing(cause)), { name: 'AppError', kind: 'unavailable', cause });
        }
      });

      it(`${name} passes on that a value cannot be stored`, async () => {
        const refused = Object.assign(new Error('x'), { code: '22P05' });
        await assert.rejects(call(failing(refused)), (error) => {
          const isTold = error instanceof AppError && error.kind === 'malformed' && error.cause === refused;
          return error === refused || isTold;
        });
      });
    }
  });

  it('only the token of an advertiser opens its door', async () => {
    const { advertiser, token } = await createAdvertiser(db, { name: 'Rival' });
    const { statuses, advertiserId, advertiserToken } = network;
    await statuses.authenticate(advertiserId, advertiserToken);
    await statuses.authenticate(advertiser.advertiser_id, token);
    for (const wrong of [token, undefined, '', `${advertiserToken} `, advertiserToken.toUpperCase()]) {
      assert.equal((await refusalOf(statuses.authenticate(advertiserId, wrong))).kind, 'unauthorized');
    }
    assert.equal((await refusalOf(statuses.authenticate('nobody', advertiserToken))).kind, 'unauthorized');
  });
});
