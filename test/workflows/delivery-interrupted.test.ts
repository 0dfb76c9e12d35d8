import assert from 'node:assert/strict';
import { defaultPayloadConverter } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { leadQuery, type LeadActivities } from '../../workflows/contract.ts';
import { startOutage } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { startLeadWorldOn, type LeadWorld } from '../support/temporal/lead-world.ts';
import { attemptsOf, postbacksOf, type Network } from '../support/network-in-database.ts';
import { policy } from '../support/policy.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { testTemporal } from '../support/servers.ts';

// Short, because nobody skips time here.
const INTERVAL_MS = 300;

type Outage = Awaited<ReturnType<typeof startOutage>>;

describe('a delivery that a database outage interrupts', function () {
  this.timeout(120_000);
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;
  let partnerId: string;
  /** What happens around an attempt, and around a review. */
  let around: Partial<Record<'deliverPostback' | 'reviewPostback', () => Promise<() => Promise<void>>>>;

  before(async () => {
    const { address } = await testTemporal();
    world = await startLeadWorldOn(address, {
      policy: { ...policy, postbackIntervalMs: INTERVAL_MS },
      around: interfering,
    });
    ({ network } = world);
    tracker = await startPartnerServer();
    partnerId = await network.partner(settingsFor(tracker.url));
  });

  after(async () => {
    await world.stop();
    await tracker.stop();
  });

  beforeEach(() => {
    tracker.forget();
    around = {};
  });

  function interfering(activities: LeadActivities): LeadActivities {
    const interfere = async <T>(name: 'deliverPostback' | 'reviewPostback', run: () => Promise<T>): Promise<T> => {
      const finish = await around[name]?.();
      try {
        return await run();
      } finally {
        await finish?.();
      }
    };
    return {
      ...activities,
      deliverPostback: (input) => interfere('deliverPostback', () => activities.deliverPostback(input)),
      reviewPostback: (input) => interfere('reviewPostback', () => activities.reviewPostback(input)),
    };
  }

  /** Reports `approved` for a new lead that its workflow has heard of. */
  async function approvedConversion() {
    const lead = await network.aLead(partnerId);
    await network.report(lead.conversionId, 'approved');
    return lead;
  }

  async function deliveredAttempts(conversionId: string) {
    return await eventually(async () => {
      const [postback, ...others] = await postbacksOf(network.db, conversionId);
      assert.equal(others.length, 0);
      assert.equal(postback?.state, 'delivered');
      const attempts = await attemptsOf(network.db, postback.postback_id);
      return attempts.map(({ outcome, http_status }) => ({ outcome, http_status }));
    });
  }

  /** R10: how long after the end of the one before it each attempt of a conversion began. */
  async function startsOf(conversionId: string): Promise<{ afterEndMs: number | null }[]> {
    const { rows } = await network.db.raw<{ rows: { afterEndMs: number | null }[] }>(
      `select extract(epoch from a.started_at - lag(a.ended_at) over (order by a.attempt))::float8 * 1000 as "afterEndMs"
       from postbacks p join postback_attempts a using (postback_id)
       where p.conversion_id = ? order by a.attempt`,
      [conversionId],
    );
    return rows;
  }

  /** How long the workflow has waited for a next attempt, in milliseconds. */
  async function pausesOf(leadId: string): Promise<number[]> {
    const { events } = await world.handleOf(leadId).fetchHistory();
    return (events ?? []).flatMap(({ timerStartedEventAttributes: timer, userMetadata }) => {
      const summary = userMetadata?.summary && defaultPayloadConverter.fromPayload<string>(userMetadata.summary);
      return timer && summary?.startsWith('next attempt') ? [tsToMs(timer.startToFireTimeout)] : [];
    });
  }

  it('the partner who answered 200 is called once, and the attempt ends as delivered when the database is back', async () => {
    let outage: Outage | undefined;
    tracker.answer(async () => {
      outage = await startOutage(network.db);
      return 200;
    });
    // The database stays away beyond the first attempt to make up for it.
    around.reviewPostback = async () => async () => {
      await outage?.end();
      outage = undefined;
    };
    const { leadId, conversionId } = await approvedConversion();
    assert.deepEqual(await deliveredAttempts(conversionId), [{ outcome: 'delivered', http_status: 200 }]);
    assert.equal(tracker.received.length, 1);
    await eventually(async () => {
      const { delivering } = await world.handleOf(leadId).query(leadQuery);
      assert.deepEqual(delivering, []);
    });
  });

  it('a refusal that could not be stored uses up one attempt, and the next ones follow', async () => {
    let outage: Outage | undefined;
    const refuseWhileItGoes = async () => {
      outage = await startOutage(network.db);
      return 503;
    };
    tracker.answer(refuseWhileItGoes, 200);
    around.deliverPostback = async () => async () => {
      await outage?.end();
      outage = undefined;
    };
    const { conversionId } = await approvedConversion();
    assert.deepEqual(await deliveredAttempts(conversionId), [
      { outcome: 'refused', http_status: 503 },
      { outcome: 'delivered', http_status: 200 },
    ]);
    assert.equal(tracker.received.length, 2);
    // Whoever stores the answer first, the review or the worker itself, has the interval begin.
    const [, second] = await startsOf(conversionId);
    assert.ok((second?.afterEndMs ?? 0) >= INTERVAL_MS, JSON.stringify(second));
  });

  it('an outage at the beginning of an attempt uses up none of the three', async () => {
    tracker.answer(500, 500, 200);
    let attempts = 0;
    around.deliverPostback = async () => {
      const outage = ++attempts === 2 ? await startOutage(network.db) : undefined;
      return async () => await outage?.end();
    };
    const { conversionId } = await approvedConversion();
    assert.deepEqual(await deliveredAttempts(conversionId), [
      { outcome: 'refused', http_status: 500 },
      { outcome: 'refused', http_status: 500 },
      { outcome: 'delivered', http_status: 200 },
    ]);
    assert.deepEqual({ calls: tracker.received.length, attempts }, { calls: 3, attempts: 4 });
  });

  it('an outage before the first attempt delays it for a moment, not for an interval between attempts', async () => {
    let attempts = 0;
    around.deliverPostback = async () => {
      const outage = ++attempts === 1 ? await startOutage(network.db) : undefined;
      return async () => await outage?.end();
    };
    const { leadId, conversionId } = await approvedConversion();
    await eventually(async () => assert.deepEqual(await pausesOf(leadId), [5000]));
    assert.deepEqual(
      (await postbacksOf(network.db, conversionId)).map(({ state }) => state),
      ['scheduled'],
    );
    await network.report(conversionId, 'rejected');
    await world.hasPostbacks(conversionId, 'superseded', 'delivered');
    assert.equal(tracker.received.length, 1);
  });

  it('an attempt that was lost before it was written down is made up for', async () => {
    tracker.answer(500, 500, 200);
    let attempts = 0;
    // As when the worker is killed in between: Temporal counts an attempt of which Postgres knows nothing.
    around.deliverPostback = async () => {
      if (++attempts === 1) throw new Error('the worker is gone');
      return async () => undefined;
    };
    const { conversionId } = await approvedConversion();
    assert.deepEqual(await deliveredAttempts(conversionId), [
      { outcome: 'refused', http_status: 500 },
      { outcome: 'refused', http_status: 500 },
      { outcome: 'delivered', http_status: 200 },
    ]);
    assert.equal(tracker.received.length, 3);
  });

  it('a lead that is rebuilt between two attempts looks first how its postback stands', async () => {
    tracker.answer(500, 200);
    const steps: string[] = [];
    let isLost: () => void = () => undefined;
    const lost = new Promise<void>((resolve) => (isLost = resolve));
    around = {
      // The workflow hears of the first attempt only when it has been terminated.
      async deliverPostback() {
        const isFirst = steps.push('attempt') === 1;
        return () => (isFirst ? lost : Promise.resolve());
      },
      async reviewPostback() {
        steps.push('review');
        return async () => undefined;
      },
    };
    const { leadId, conversionId } = await approvedConversion();
    await world.hasPostbacks(conversionId, 'retrying');
    await world.handleOf(leadId).terminate('the store is lost');
    isLost();
    await network.touch(leadId, partnerId);
    assert.deepEqual(await deliveredAttempts(conversionId), [
      { outcome: 'refused', http_status: 500 },
      { outcome: 'delivered', http_status: 200 },
    ]);
    assert.deepEqual(steps.slice(-2), ['review', 'attempt']);
  });
});
