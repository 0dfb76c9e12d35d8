import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createActivities } from '../../activities/index.ts';
import { updateOffer } from '../../src/db/offers.ts';
import { updatePartner } from '../../src/db/partners.ts';
import { insertAttempt } from '../../src/db/attempts.ts';
import type { PostbackSettings } from '../../src/domain/postbacks/postback-settings.ts';
import { errorsAfterCall } from '../../src/domain/postbacks/send-error.ts';
import type { DuePostback, LeadActivities } from '../../workflows/contract.ts';
import { createTestDatabase } from '../support/database.ts';
import { assertFields } from '../support/fields.ts';
import { createNetwork, postbacksOf, rewardsOf, type Network } from '../support/network-in-database.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { answer, keptAnswers, latestSettlement } from './settling.ts';

const ATTEMPTS = 3;
const URL = 'https://tracker.example/in?ref={ref_id}&status={status}';

type PostbackRow = {
  postback_id: string;
  seq: number;
  status: string;
  state: string;
  reason: string | null;
  ref_id: string | null;
  payout: number;
  currency: string;
};

describe('settling a status', () => {
  let network: Network;
  let db: Knex;
  let activities: LeadActivities;
  let answers: number[];

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    activities = createActivities({
      db,
      client: { send: async () => answer(answers.shift() ?? 200) },
      answers: keptAnswers(db),
    });
  });

  after(() => network.close());

  beforeEach(async () => {
    answers = [];
    await updateOffer(db, network.offerId, { reward: { amount: 1250, currency: 'USD' } });
  });

  async function partner(changes: Partial<PostbackSettings> = {}): Promise<string> {
    return await network.partner(settingsFor(URL, changes));
  }

  async function settle(leadId: string): Promise<DuePostback[]> {
    return await activities.settle({ leadId, maxAttempts: ATTEMPTS, settlement: await latestSettlement(db, leadId) });
  }

  async function reportAndSettle(lead: { leadId: string; conversionId: string }, word: string) {
    await network.report(lead.conversionId, word);
    return await settle(lead.leadId);
  }

  async function deliver(postbackId: string): Promise<unknown> {
    const attempt = activities.deliverPostback({ postbackId, maxAttempts: ATTEMPTS, intervalMs: 1000 });
    return await attempt.catch((error: unknown) => error);
  }

  async function statesOf(conversionId: string) {
    return (await postbacksOf(db, conversionId)).map(({ partner_id, status, state, skip_reason }) => ({
      partner_id,
      status,
      state: skip_reason ?? state,
    }));
  }

  it('books the reward and schedules the postback', async () => {
    const ann = await partner();
    const lead = await network.aLead(ann);
    const due = await reportAndSettle(lead, 'approved');
    const [postback] = await db('postbacks').where({ conversion_id: lead.conversionId }).select<PostbackRow[]>('*');
    assert.deepEqual(due, [
      {
        postbackId: postback?.postback_id,
        conversionId: lead.conversionId,
        seq: 3,
        partnerId: ann,
        status: 'approved',
        isHandover: false,
        attemptsLeft: ATTEMPTS,
      },
    ]);
    assertFields(postback, { state: 'scheduled', ref_id: 'click-1', payout: 1250, currency: 'USD', seq: 3 });
    assert.deepEqual(await rewardsOf(db, lead.conversionId), [
      { partner_id: ann, kind: 'booked', amount: 1250, price_version: 1 },
    ]);
    const settlement = await db('settlements')
      .where({ conversion_id: lead.conversionId })
      .first<{ lead_id: string; partner_id: string; touch_seq: number; reward: string }>();
    assertFields(settlement, { lead_id: lead.leadId, partner_id: ann, touch_seq: 1, reward: 'book' });
  });

  it('a status that is settled again, or several times at once, is booked and scheduled once', async () => {
    const lead = await network.aLead(await partner());
    await network.report(lead.conversionId, 'approved');
    const due = await Promise.all(Array.from({ length: 5 }, () => settle(lead.leadId)));
    due.push(await settle(lead.leadId));
    for (const other of due) assert.deepEqual(other, due[0]);
    assert.equal(due[0]?.length, 1);
    assert.equal((await postbacksOf(db, lead.conversionId)).length, 1);
    assert.equal((await rewardsOf(db, lead.conversionId)).length, 1);
  });

  it('a status that is settled again tells only what is still to be delivered, and how many attempts are left', async () => {
    const lead = await network.aLead(await partner());
    const [due] = await reportAndSettle(lead, 'approved');
    answers = [500];
    await deliver(due?.postbackId ?? '');
    assert.deepEqual(await settle(lead.leadId), [{ ...due, attemptsLeft: 2 }]);
    await deliver(due?.postbackId ?? '');
    assert.deepEqual(await settle(lead.leadId), []);
  });

  it('two statuses of one conversion are two settlements', async () => {
    const ann = await partner();
    const lead = await network.aLead(ann);
    await reportAndSettle(lead, 'pending');
    await reportAndSettle(lead, 'approved');
    await reportAndSettle(lead, 'rejected');
    assert.deepEqual(await statesOf(lead.conversionId), [
      { partner_id: ann, status: 'pending', state: 'superseded' },
      { partner_id: ann, status: 'approved', state: 'superseded' },
      { partner_id: ann, status: 'rejected', state: 'scheduled' },
    ]);
    assert.deepEqual(
      (await rewardsOf(db, lead.conversionId)).map(({ kind, amount }) => ({ kind, amount })),
      [
        { kind: 'booked', amount: 1250 },
        { kind: 'revoked', amount: -1250 },
      ],
    );
  });

  it('R8: an approval and its later reversal belong to the partner who won', async () => {
    const [ann, bob] = [await partner(), await partner()];
    const lead = await network.aLead(ann);
    await reportAndSettle(lead, 'approved');
    await network.touch(lead.leadId, bob, 'b1');
    await reportAndSettle(lead, 'rejected');
    assert.deepEqual(
      (await rewardsOf(db, lead.conversionId)).map(({ partner_id, kind }) => ({ partner_id, kind })),
      [
        { partner_id: ann, kind: 'booked' },
        { partner_id: ann, kind: 'revoked' },
      ],
    );
    assert.equal((await postbacksOf(db, lead.conversionId)).at(-1)?.partner_id, ann);
  });

  it('R13: books the price at which the status was committed, whatever the offer costs when it is settled', async () => {
    const lead = await network.aLead(await partner());
    const { version } = await changePrice(990);
    await network.report(lead.conversionId, 'approved');
    await changePrice(5);
    await settle(lead.leadId);
    const [entry] = await rewardsOf(db, lead.conversionId);
    assertFields(entry, { amount: 990, price_version: version });
    const [postback] = await db('postbacks')
      .where({ conversion_id: lead.conversionId })
      .select<PostbackRow[]>('payout');
    assert.equal(postback?.payout, 990);
  });

  it('R13: an approval after a reversal books the price of the first approval again', async () => {
    const lead = await network.aLead(await partner());
    const { version } = await changePrice(1111);
    await reportAndSettle(lead, 'approved');
    await changePrice(2222);
    await reportAndSettle(lead, 'rejected');
    await reportAndSettle(lead, 'approved');
    assert.deepEqual(
      (await rewardsOf(db, lead.conversionId)).map(({ kind, amount, price_version }) => ({
        kind,
        amount,
        price_version,
      })),
      [
        { kind: 'booked', amount: 1111, price_version: version },
        { kind: 'revoked', amount: -1111, price_version: version },
        { kind: 'booked', amount: 1111, price_version: version },
      ],
    );
  });

  it('R13: a pending names the price of its moment, but only the approval fixes it', async () => {
    const lead = await network.aLead(await partner());
    await changePrice(100);
    await reportAndSettle(lead, 'pending');
    await changePrice(200);
    await reportAndSettle(lead, 'approved');
    const postbacks = await db('postbacks')
      .where({ conversion_id: lead.conversionId })
      .orderBy('seq')
      .select<PostbackRow[]>('payout');
    assert.deepEqual(
      postbacks.map(({ payout }) => payout),
      [100, 200],
    );
    assert.equal((await rewardsOf(db, lead.conversionId))[0]?.amount, 200);
  });

  async function changePrice(amount: number): Promise<{ version: number }> {
    const offer = await updateOffer(db, network.offerId, { reward: { amount, currency: 'USD' } });
    return { version: offer?.price_version ?? NaN };
  }

  it('R4, R8: for the house nothing is booked and nothing is sent', async () => {
    const lead = await network.aLead(null);
    const { conversionId } = lead;
    assert.deepEqual(await reportAndSettle(lead, 'approved'), []);
    assert.deepEqual(await statesOf(conversionId), [{ partner_id: null, status: 'approved', state: 'house' }]);
    assert.deepEqual(await rewardsOf(db, conversionId), []);
  });

  it('R6: what keeps a postback from being sent is said in this order: no ref_id, not configured, status off', async () => {
    const onlyApproved: Partial<PostbackSettings> = { statuses: ['approved'] };
    const cases: [string, string | null, string][] = [
      [await network.partner(null), null, 'no_ref_id'],
      [await partner(onlyApproved), null, 'no_ref_id'],
      [await partner(onlyApproved), 'x'.repeat(33), 'no_ref_id'],
      [await network.partner(null), 'r1', 'not_configured'],
      [await partner(onlyApproved), 'r1', 'status_off'],
      [await partner(), 'r1', 'scheduled'],
    ];
    for (const [partnerId, refId, expected] of cases) {
      const lead = await network.aLead(partnerId, refId);
      const { conversionId } = lead;
      const due = await reportAndSettle(lead, 'rejected');
      assert.deepEqual(await statesOf(conversionId), [{ partner_id: partnerId, status: 'rejected', state: expected }]);
      assert.equal(due.length, expected === 'scheduled' ? 1 : 0);
    }
  });

  it('R6: a reward is booked also when its partner is not told', async () => {
    const lead = await network.aLead(await network.partner(null));
    await reportAndSettle(lead, 'approved');
    assert.equal((await rewardsOf(db, lead.conversionId))[0]?.amount, 1250);
  });

  it('R11: only undelivered postbacks are superseded', async () => {
    const ann = await partner();
    const lead = await network.aLead(ann);
    const [pending] = await reportAndSettle(lead, 'pending');
    await deliver(pending?.postbackId ?? '');
    const [approved] = await reportAndSettle(lead, 'approved');
    answers = [500];
    await deliver(approved?.postbackId ?? '');
    await reportAndSettle(lead, 'rejected');
    assert.deepEqual(await statesOf(lead.conversionId), [
      { partner_id: ann, status: 'pending', state: 'delivered' },
      { partner_id: ann, status: 'approved', state: 'superseded' },
      { partner_id: ann, status: 'rejected', state: 'scheduled' },
    ]);
  });

  describe('R14: when another partner wins after pending', () => {
    async function lose(
      loserSettings: Partial<PostbackSettings>,
      meanwhile: (pending: DuePostback | undefined, loser: string) => Promise<unknown>,
    ) {
      const [loser, winner] = [await partner(loserSettings), await partner()];
      const lead = await network.aLead(loser, 'lost');
      const [pending] = await reportAndSettle(lead, 'pending');
      await meanwhile(pending, loser);
      await network.touch(lead.leadId, winner, 'won');
      const due = await reportAndSettle(lead, 'approved');
      assert.ok(due.some(({ partnerId, status }) => partnerId === winner && status === 'approved'));
      const told = due.find(({ partnerId }) => partnerId === loser);
      if (told) {
        const row = await db('postbacks').where({ postback_id: told.postbackId }).first<PostbackRow>();
        assertFields(row, { status: 'rejected', reason: 'reattributed', ref_id: 'lost', payout: 0 });
      }
      assert.equal(due.length, told ? 2 : 1);
      return told !== undefined;
    }

    const deliverIt = (pending?: DuePostback) => deliver(pending?.postbackId ?? '');

    it('the loser hears rejected when it was told pending', async () => {
      assert.equal(await lose({ handover: true }, deliverIt), true);
    });

    it('the loser hears nothing unless it asked for it', async () => {
      assert.equal(await lose({ handover: false }, deliverIt), false);
    });

    it('the loser hears nothing when its tracker refused every attempt of pending', async () => {
      const refuseAll = async (pending?: DuePostback) => {
        answers = [500, 500, 500];
        for (let attempt = 1; attempt <= 3; attempt++) await deliverIt(pending);
      };
      assert.equal(await lose({ handover: true }, refuseAll), false);
    });

    it('the loser hears nothing when pending was never attempted', async () => {
      assert.equal(await lose({ handover: true }, async () => undefined), false);
    });

    it('the loser hears rejected when an attempt of pending is still running: it may have got through', async () => {
      const start = (pending?: DuePostback) =>
        insertAttempt(db, {
          postbackId: pending?.postbackId ?? '',
          attempt: 1,
          method: 'GET',
          url: URL,
          headers: {},
          body: null,
        });
      assert.equal(await lose({ handover: true }, start), true);
    });

    for (const error of errorsAfterCall) {
      it(`the loser hears rejected when pending ended with ${error}: it may have got through`, async () => {
        const breakOff = async (pending?: DuePostback) => {
          answers = [500];
          await deliverIt(pending);
          await db('postback_attempts')
            .where({ postback_id: pending?.postbackId })
            .update({ http_status: null, error });
        };
        assert.equal(await lose({ handover: true }, breakOff), true);
      });
    }

    it('the loser hears nothing when it has switched rejected off since', async () => {
      const switchOff = async (pending: DuePostback | undefined, loser: string) => {
        await deliverIt(pending);
        const settings = settingsFor(URL, { handover: true, statuses: ['pending', 'approved'] });
        await updatePartner(db, loser, { postback: settings });
      };
      assert.equal(await lose({ handover: true }, switchOff), false);
    });

    it('the loser hears nothing of what was settled before it asked for it', async () => {
      const [loser, winner] = [await partner({ handover: false }), await partner()];
      const lead = await network.aLead(loser, 'lost');
      await deliverIt((await reportAndSettle(lead, 'pending'))[0]);
      await network.touch(lead.leadId, winner, 'won');
      const due = await reportAndSettle(lead, 'approved');
      await updatePartner(db, loser, { postback: settingsFor(URL, { handover: true }) });
      assert.deepEqual(await settle(lead.leadId), due);
    });

    it('the loser hears rejected once when it has taken a rejected already', async () => {
      const [loser, winner] = [await partner({ handover: true }), await partner()];
      const lead = await network.aLead(loser, 'lost');
      for (const status of ['pending', 'rejected']) await deliverIt((await reportAndSettle(lead, status))[0]);
      await network.touch(lead.leadId, winner, 'won');
      const due = await reportAndSettle(lead, 'approved');
      assert.deepEqual(
        due.map(({ partnerId }) => partnerId),
        [winner],
      );
    });

    it('a partner that wins after its own pending is not told that it lost', async () => {
      const ann = await partner({ handover: true });
      const lead = await network.aLead(ann);
      const [pending] = await reportAndSettle(lead, 'pending');
      await deliverIt(pending);
      assert.deepEqual(
        (await reportAndSettle(lead, 'approved')).map(({ status }) => status),
        ['approved'],
      );
    });
  });

  it('a status whose event is not in Postgres is not settled', async () => {
    const lead = await network.aLead(await partner());
    await network.report(lead.conversionId, 'approved');
    const settlement = { ...(await latestSettlement(db, lead.leadId)), seq: 99 };
    await assert.rejects(activities.settle({ leadId: lead.leadId, maxAttempts: ATTEMPTS, settlement }), /no event 99/);
    assert.deepEqual(await db('settlements').where({ conversion_id: lead.conversionId }), []);
  });
});
