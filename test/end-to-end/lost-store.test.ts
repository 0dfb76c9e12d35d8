import assert from 'node:assert/strict';
import { leadWorkflowId } from '../../workflows/contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { createHttpNetwork, type HttpNetwork } from '../support/network-over-http.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { runToEnd, startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivateTemporal } from '../support/servers.ts';
import { connectClient } from '../support/temporal/connection.ts';

const INTERVAL_SECONDS = 3;
const HOUR_SECONDS = 3600;
const WINDOW_SECONDS = HOUR_SECONDS;
// So much of its window is left to a lead that is to end.
const LEFT_SECONDS = 20;
// What the end of a window may be late on a busy machine. A window that began with the rebuild would end an hour later.
const LATE_MS = 60_000;

/** What was going on when the store was lost. */
type Situation = {
  /** Refused once so far, and accepted with the second attempt. */
  retrying: string;
  /** Refused by its partner again and again. */
  refused: string;
  /** Has a status that was relayed, and that no worker has looked at. */
  waiting: string;
  /** Delivered, with its window open. */
  delivered: string;
  /** Without any status, with its window open. */
  open: string;
};

describe("when Temporal's store is lost", function () {
  this.timeout(240_000);
  let database: TestDatabase;
  let temporal: Awaited<ReturnType<typeof startPrivateTemporal>>;
  let api: RunningProgram;
  let running: RunningProgram[];
  let network: HttpNetwork;
  let trackers: Record<keyof Situation, PartnerServer>;
  let situation: Situation;

  beforeEach(async () => {
    [database, temporal] = await Promise.all([createTestDatabase(), startPrivateTemporal()]);
    const servers = await Promise.all(Array.from({ length: 5 }, () => startPartnerServer()));
    const [retrying, refused, waiting, delivered, open] = servers as [
      PartnerServer,
      PartnerServer,
      PartnerServer,
      PartnerServer,
      PartnerServer,
    ];
    trackers = { retrying, refused, waiting, delivered, open };
    retrying.answer(500, 200);
    refused.answer(500);
    running = [];
    api = await start(['api']);
    network = await createHttpNetwork(api);
    situation = await loseStore();
  });

  afterEach(async () => {
    await Promise.all(running.map((program) => program.stop()));
    await Promise.all(Object.values(trackers).map((server) => server.stop()));
    await temporal.kill('SIGKILL');
    await database.db.destroy();
  });

  async function start(roles: ('api' | 'relay' | 'worker')[], env: Record<string, string> = {}) {
    const program = await startProcess({
      roles,
      databaseUrl: database.url,
      temporalAddress: temporal.address,
      env: {
        POSTBACK_INTERVAL_SECONDS: String(INTERVAL_SECONDS),
        LEAD_WINDOW_SECONDS: String(WINDOW_SECONDS),
        SWEEP_INTERVAL_SECONDS: '3600',
        ...env,
      },
    });
    running.push(program);
    return program;
  }

  async function conversionFor(name: keyof Situation): Promise<string> {
    return await network.click(await network.partner({ url: trackers[name].url }), name);
  }

  async function loseStore(): Promise<Situation> {
    // However long the rest takes, no second attempt comes before it.
    const env = { POSTBACK_INTERVAL_SECONDS: String(HOUR_SECONDS) };
    const [relay, worker] = await Promise.all([start(['relay'], env), start(['worker'], env)]);
    const [retrying, refused, delivered] = await Promise.all([
      conversionFor('retrying'),
      conversionFor('refused'),
      conversionFor('delivered'),
    ]);
    await Promise.all([retrying, refused].map((conversionId) => network.report(conversionId, 'approved')));
    await network.report(delivered, 'pending');
    await Promise.all([
      hasPostback(retrying, 'retrying', 1),
      hasPostback(refused, 'retrying', 1),
      hasPostback(delivered, 'delivered', 1),
    ]);
    await worker.kill('SIGKILL');
    const [waiting, open] = await Promise.all([conversionFor('waiting'), conversionFor('open')]);
    await network.report(waiting, 'approved');
    await nothingIsOwed();
    await relay.kill('SIGKILL');
    await temporal.kill('SIGKILL');
    await database.db('postbacks').where({ state: 'retrying' }).update({ next_attempt_at: database.db.fn.now() });
    temporal = await startPrivateTemporal({ port: temporal.port });
    return { retrying, refused, waiting, delivered, open };
  }

  async function nothingIsOwed(): Promise<void> {
    await eventually(async () => assert.deepEqual(await database.db('outbox').select('lead_id'), []));
  }

  async function hasPostback(conversionId: string, state: string, attempts: number): Promise<void> {
    await eventually(async () => {
      const { postbacks } = await network.story(conversionId);
      assert.deepEqual(
        postbacks.map((postback) => ({ state: postback.state, attempts: postback.attempts.length })),
        [{ state, attempts }],
      );
    });
  }

  /** All that was due has arrived, within its attempts, and nothing else has. */
  async function everythingDueArrives(): Promise<void> {
    const { retrying, refused, waiting, delivered } = situation;
    await Promise.all([
      hasPostback(retrying, 'delivered', 2),
      hasPostback(refused, 'failed', 3),
      hasPostback(waiting, 'delivered', 1),
      hasPostback(delivered, 'delivered', 1),
    ]);
    await nothingIsOwed();
    const calls = Object.entries(trackers).map(([name, { received }]) => [name, received.length]);
    assert.deepEqual(Object.fromEntries(calls), { retrying: 2, refused: 3, waiting: 1, delivered: 1, open: 0 });
    for (const [name, rewards] of Object.entries({ retrying: 1, refused: 1, waiting: 1, delivered: 0 })) {
      const conversion_id = situation[name as keyof Situation];
      assert.equal((await database.db('reward_entries').where({ conversion_id })).length, rewards, name);
      assert.equal((await database.db('settlements').where({ conversion_id })).length, 1, name);
    }
  }

  /** Moves all that has happened to the leads of these conversions so far back that their windows are over soon. */
  async function letEndSoon(...conversionIds: string[]): Promise<void> {
    await database.db.raw(
      `with moved as (
         select lead_id, last_activity_at - now() + :agoSeconds * interval '1 second' as by
         from leads where lead_id in (select lead_id from conversions where conversion_id = any(:conversionIds))
       ), events as (
         update lead_events e set at = e.at - m.by from moved m where e.lead_id = m.lead_id
       )
       update leads l set last_activity_at = l.last_activity_at - m.by from moved m where l.lead_id = m.lead_id`,
      { conversionIds, agoSeconds: WINDOW_SECONDS - LEFT_SECONDS },
    );
  }

  /** Its workflow in the new store ends with this outcome, when its window is over. */
  async function endsInTime(conversionId: string, outcome: string): Promise<void> {
    const lead = await database
      .db('conversions')
      .join('leads', 'leads.lead_id', 'conversions.lead_id')
      .where({ conversion_id: conversionId })
      .first<{ lead_id: string; last_activity_at: string }>('leads.lead_id', 'leads.last_activity_at');
    const client = await connectClient(temporal.address);
    const handle = client.workflow.getHandle(leadWorkflowId(lead.lead_id));
    const result = (await handle.result()) as { outcome: string };
    assert.equal(result.outcome, outcome);
    const { closeTime } = await handle.describe();
    const lateMs = (closeTime?.getTime() ?? 0) - (Date.parse(lead.last_activity_at) + WINDOW_SECONDS * 1000);
    assert.ok(lateMs >= 0 && lateMs < LATE_MS, `${lateMs} ms late`);
    await client.connection.close();
  }

  it('a rebuild gets out what is due, and open windows end when they should', async () => {
    const rebuild = () =>
      runToEnd({
        ...{ databaseUrl: database.url },
        env: { ROLES: 'rebuild', LEAD_WINDOW_SECONDS: String(WINDOW_SECONDS) },
      });
    const { code, lines } = await rebuild();
    assert.equal(code, 0, lines.join('\n'));
    assert.ok(lines.some((line) => line.includes('"leads with open postbacks"')));
    // Not before: a rebuild leaves out what is over, and not later: a workflow would have begun with the end as it was.
    await letEndSoon(situation.open, situation.delivered);
    await Promise.all([start(['relay']), start(['worker'])]);
    await everythingDueArrives();

    // On a healthy system it changes nothing.
    assert.equal((await rebuild()).code, 0);
    await Promise.all([endsInTime(situation.open, 'expired'), endsInTime(situation.delivered, 'pending')]);
    await everythingDueArrives();
  });

  it('the sweep alone gets out what is due', async () => {
    const env = { SWEEP_INTERVAL_SECONDS: '0.5', SWEEP_MARGIN_SECONDS: '1' };
    await Promise.all([start(['relay'], env), start(['worker'], env)]);
    await everythingDueArrives();
  });
});
