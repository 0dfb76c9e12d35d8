import assert from 'node:assert/strict';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Repeating } from '../../src/repeat-until-stopped.ts';
import { startSweep } from '../../src/sweep.ts';
import { eventually } from '../support/eventually.ts';
import { runsOf, signalsOf } from '../support/temporal/lead-history.ts';
import { startPrivateLeadWorld, type LeadWorld } from '../support/temporal/lead-world.ts';
import { withoutLedgerGuard } from '../support/ledger-guard.ts';
import { postbacksOf, rewardsOf, type Network } from '../support/network-in-database.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';

// Everything is overdue at once: a lead may be asked about its postbacks while it is about to deliver them.
const GRACE_MS = 100;
const SWEEP_INTERVAL_MS = 100;

describe('a lead that a sweep has found', function () {
  this.timeout(120_000);
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;
  let ann: string;
  let sweep: Repeating | undefined;

  before(async () => {
    world = await startPrivateLeadWorld();
    ({ network } = world);
  });

  after(() => world.stop());

  beforeEach(async () => {
    tracker = await startPartnerServer();
    ann = await network.partner(settingsFor(tracker.url));
  });

  afterEach(async () => {
    await sweep?.stop();
    sweep = undefined;
    await tracker.stop();
  });

  function sweepAgainAndAgain(): void {
    sweep = startSweep({
      db: network.db,
      grace: { postbackMs: GRACE_MS, settlementMs: GRACE_MS, importRowMs: 50 },
      intervalMs: SWEEP_INTERVAL_MS,
      metrics: createMetrics(),
      log: createLog('silent'),
    });
  }

  async function deliveredLead() {
    const lead = await network.aLead(ann);
    await network.report(lead.conversionId, 'approved');
    await world.hasPostbacks(lead.conversionId, 'delivered');
    await nothingIsOwed();
    return lead;
  }

  async function nothingIsOwed(): Promise<void> {
    await eventually(async () => assert.deepEqual(await network.db('outbox').select('lead_id'), []));
  }

  function told(): (string | undefined)[] {
    return tracker.received.map(({ query }) => query.status);
  }

  it('delivers a postback that it takes for delivered, but Postgres does not', async () => {
    const { conversionId } = await deliveredLead();
    await network.db('postback_attempts').delete();
    await network.db('postbacks').where({ conversion_id: conversionId }).update({ state: 'scheduled', ended_at: null });
    sweepAgainAndAgain();
    await world.hasPostbacks(conversionId, 'delivered');
    assert.deepEqual(told(), ['approved', 'approved']);
  });

  it('settles again what it takes for settled, but Postgres does not', async () => {
    const { leadId, conversionId } = await deliveredLead();
    await network.db('postback_attempts').delete();
    await withoutLedgerGuard(network.db, async (trx) => {
      for (const table of ['postbacks', 'ledger_lines', 'settlements']) {
        await trx(table).where({ conversion_id: conversionId }).delete();
      }
    });
    sweepAgainAndAgain();
    await world.hasPostbacks(conversionId, 'delivered');
    assert.equal((await rewardsOf(network.db, conversionId)).length, 1);
    assert.equal((await runsOf(world.client, leadId)).length, 1);
  });

  it('begins anew where its run was ended by hand', async () => {
    tracker.answer(500, 200);
    const { leadId, conversionId } = await network.aLead(ann);
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'retrying');
    await world.handleOf(leadId).terminate('by mistake');
    await network
      .db('postbacks')
      .where({ conversion_id: conversionId })
      .update({ next_attempt_at: network.db.fn.now() });
    sweepAgainAndAgain();
    await world.hasPostbacks(conversionId, 'delivered');
    assert.deepEqual(told(), ['approved', 'approved']);
  });

  it('goes on undisturbed when it is only slow', async () => {
    let release: () => void = () => undefined;
    const slow = new Promise<number>((resolve) => (release = () => resolve(200)));
    tracker.answer(() => slow);
    const { leadId, conversionId } = await network.aLead(ann);
    await network.report(conversionId, 'pending');
    await eventually(() => assert.equal(tracker.received.length, 1));
    sweepAgainAndAgain();
    await eventually(async () => assert.ok((await signalsOf(world.client, leadId)).length >= 3, 'not yet'));
    release();
    await world.hasPostbacks(conversionId, 'delivered');
    await sweep?.stop();
    await nothingIsOwed();
    assert.deepEqual(told(), ['pending']);
    const [postback] = await postbacksOf(network.db, conversionId);
    assert.equal((await network.db('postback_attempts').where({ postback_id: postback?.postback_id })).length, 1);
  });
});
