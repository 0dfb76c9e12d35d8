import assert from 'node:assert/strict';
import { startCanary } from '../src/canary.ts';
import { readEndpoints, worstOf, type EndpointHealth } from '../src/db/endpoints/endpoints.ts';
import { updatePartner } from '../src/db/partners.ts';
import type { PostbackSettings } from '../src/domain/postbacks/postback-settings.ts';
import { createLog } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import type { Repeating } from '../src/repeat-until-stopped.ts';
import { createAddressRules } from '../src/outbound/address-rules.ts';
import { createGuardedClient, type GuardedClient } from '../src/outbound/guarded-client.ts';
import { createTestDatabase } from './support/database.ts';
import { eventually } from './support/eventually.ts';
import { createNetwork, type Network } from './support/network-in-database.ts';
import { startPartnerServer, type PartnerServer } from './support/partner-server.ts';
import { settingsFor } from './support/postback-settings.ts';

const FAILING_AFTER = 3;
const INTERVAL_MS = 60;

describe('a canary', () => {
  let network: Network;
  let tracker: PartnerServer;
  let client: GuardedClient;
  let running: Repeating[];
  let metrics: ReturnType<typeof createMetrics>;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    tracker = await startPartnerServer();
    client = createGuardedClient({
      addressRules: createAddressRules({ allowCidrs: ['127.0.0.0/8'] }),
      timeoutMs: 10_000,
    });
  });

  beforeEach(() => {
    running = [];
    metrics = createMetrics();
  });

  afterEach(async () => {
    await Promise.all(running.map((canary) => canary.stop()));
    await network.db('partner_endpoints').delete();
    tracker.forget();
  });

  after(async () => {
    await client.close();
    await tracker.stop();
    await network.close();
  });

  /** A partner whose latest attempts have failed, a while ago. */
  async function failingPartner(
    changes: Partial<PostbackSettings> = {},
    { failures = FAILING_AFTER, origin = tracker.origin } = {},
  ): Promise<string> {
    const partnerId = await network.partner(settingsFor(tracker.url, { canary: true, ...changes }));
    const at = '2026-01-01T00:00:00Z';
    await network.db('partner_endpoints').insert({
      ...{ partner_id: partnerId, origin, consecutive_failures: failures, failing_since: at, last_failure_at: at },
      ...{ recent_attempts: failures, recent_failures: failures },
    });
    return partnerId;
  }

  function start(intervalMs = INTERVAL_MS): void {
    const { db } = network;
    const log = createLog('silent');
    running.push(startCanary({ db, client, failingAfter: FAILING_AFTER, canaryIntervalMs: intervalMs, metrics, log }));
  }

  const read = async (partnerId: string): Promise<EndpointHealth> =>
    worstOf(await readEndpoints(network.db, partnerId, FAILING_AFTER));

  async function canaryOf(partnerId: string): Promise<EndpointHealth> {
    return await eventually(async () => {
      const health = await read(partnerId);
      assert.ok(health.canary?.http_status, 'not yet');
      return health;
    });
  }

  it('notices that an endpoint has recovered, by a postback that is marked as a test and pays nothing', async () => {
    const partnerId = await failingPartner();
    start();
    const health = await canaryOf(partnerId);
    assert.deepEqual([health.state, health.consecutive_failures, health.failing_since], ['ok', 0, null]);
    assert.equal(health.canary?.http_status, 200);
    assert.ok(health.recovered_at);
    const [call] = tracker.received;
    assert.match(call?.query['cid'] ?? '', /^test-/);
    assert.deepEqual(
      [call?.query['status'], call?.query['payout'], call?.query['ref']],
      ['pending', '0.00', 'test-click'],
    );
    // It is counted when it has been stored.
    await eventually(async () =>
      assert.match(await metrics.registry.metrics(), /cashcat_canary_calls_total\{result="recovered"\} 1/),
    );
  });

  it('is sent no more once the endpoint has recovered', async () => {
    const partnerId = await failingPartner();
    start(1);
    await canaryOf(partnerId);
    const later = await failingPartner();
    await canaryOf(later);
    assert.equal(tracker.received.length, 2);
  });

  it('counts as one more failure while the endpoint fails, and comes again', async () => {
    tracker.answer(503);
    const partnerId = await failingPartner();
    start();
    await eventually(async () =>
      assert.ok((await read(partnerId)).consecutive_failures >= FAILING_AFTER + 2, 'not yet'),
    );
    const health = await canaryOf(partnerId);
    assert.equal(health.state, 'failing');
    assert.equal(health.canary?.http_status, 503);
    assert.equal(health.failing_since, '2026-01-01T00:00:00.000Z');
    tracker.answer(200);
    await eventually(async () => assert.equal((await read(partnerId)).state, 'ok'));
  });

  it('goes only to endpoints that are failing, to partners who asked for it and are not paused', async () => {
    const shaky = await failingPartner({}, { failures: FAILING_AFTER - 1 });
    const silent = await failingPartner({ canary: false });
    const paused = await failingPartner();
    await updatePartner(network.db, paused, { state: 'paused' });
    const asked = await failingPartner();
    start();
    await canaryOf(asked);
    for (const partnerId of [shaky, silent, paused]) assert.equal((await read(partnerId)).canary, null);
    assert.equal(tracker.received.length, 1);
  });

  it('waits while attempts themselves show that the endpoint fails', async () => {
    const tried = await failingPartner();
    // Just now, for as long as this test may take.
    const last_failure_at = network.db.raw(`now() + interval '1 hour'`);
    await network.db('partner_endpoints').where({ partner_id: tried }).update({ last_failure_at });
    const asked = await failingPartner();
    start();
    await canaryOf(asked);
    assert.equal((await read(tried)).canary, null);
  });

  it('is sent by one of several processes', async () => {
    const partnerIds = [await failingPartner(), await failingPartner(), await failingPartner()];
    for (let process = 1; process <= 4; process++) start(40);
    for (const partnerId of partnerIds) await canaryOf(partnerId);
    assert.equal(tracker.received.length, partnerIds.length);
  });

  it('goes where the failures were, not where all is well', async () => {
    const well = await startPartnerServer();
    const own = { approved: `${tracker.origin}/approved?ref={ref_id}&status={status}` };
    const partnerId = await failingPartner({ url: well.url, status_urls: own });
    start();
    assert.equal((await canaryOf(partnerId)).state, 'ok');
    assert.deepEqual(
      tracker.received.map(({ target }) => target),
      ['/approved?ref=test-click&status=approved'],
    );
    assert.equal(well.received.length, 0);
    await well.stop();
  });

  it('is not sent to what the settings name no more; that is forgotten', async () => {
    await failingPartner({}, { origin: 'https://gone.example' });
    start();
    await eventually(async () => assert.deepEqual(await network.db('partner_endpoints'), []));
    assert.equal(tracker.received.length, 0);
  });

  it('uses a status that is sent, with its own URL', async () => {
    const own = { approved: `${tracker.origin}/approved?ref={ref_id}&status={status}` };
    const partnerId = await failingPartner({ statuses: ['approved', 'rejected'], status_urls: own });
    start();
    await canaryOf(partnerId);
    assert.equal(tracker.received[0]?.target, '/approved?ref=test-click&status=approved');
  });
});
