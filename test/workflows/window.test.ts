import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Client, Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { LeadEvent } from '../../src/domain/lead-event.ts';
import { applyEvent, newLead, type Settlement } from '../../src/domain/lead.ts';
import { registerSearchAttributes } from '../../src/temporal.ts';
import {
  LEAD_WORKFLOW,
  leadEvents,
  leadWorkflowId,
  startAttributes,
  type LeadActivities,
  type LeadInput,
  type LeadOutcome,
} from '../../workflows/contract.ts';
import { testBundle } from '../support/bundle.ts';
import { conversion, numbered, status, touch } from '../support/events.ts';
import { eventually } from '../support/eventually.ts';
import { testTemporal } from '../support/servers.ts';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';

const { EventType } = temporal.api.enums.v1;
type EventType = temporal.api.enums.v1.EventType;

const DAY_MS = 24 * 60 * 60 * 1000;
const policy = { windowMs: 14 * DAY_MS, postbackAttempts: 3, postbackIntervalMs: 300_000 };

describe('the window of a lead', function () {
  this.timeout(60_000);
  let env: TestWorkflowEnvironment;
  let settled: Settlement[];

  before(async () => {
    env = await createTimeSkippingEnvironment();
    await registerSearchAttributes(env.client);
  });

  after(() => env.teardown());

  beforeEach(() => {
    settled = [];
  });

  const activities: LeadActivities = {
    loadLeadEvents: () => Promise.reject(new Error('nothing is missing')),
    async settle({ settlement }) {
      settled.push(settlement);
      return Promise.resolve([
        {
          postbackId: `p${settlement.seq}`,
          conversionId: settlement.conversionId,
          partnerId: 'ann',
          status: settlement.status,
          isHandover: false,
          attemptsLeft: 3,
        },
      ]);
    },
    deliverPostback: () => Promise.resolve({ result: 'delivered' }),
    reviewPostback: () => Promise.reject(new Error('nothing was broken off')),
  };

  async function startLead(
    events: LeadEvent[],
    server: { client: Client; nativeConnection: NativeConnection } = env,
    windowMs = policy.windowMs,
  ) {
    const leadId = randomUUID();
    const taskQueue = `window-${leadId}`;
    const { client, nativeConnection: connection } = server;
    const workflowBundle = await testBundle();
    // Nothing sticks to a worker, so that another can take over at once.
    const createWorker = () =>
      Worker.create({ connection, taskQueue, workflowBundle, activities, maxCachedWorkflows: 0 });
    const handle = await client.workflow.signalWithStart<
      (input: LeadInput) => Promise<LeadOutcome>,
      [{ events: LeadEvent[] }]
    >(LEAD_WORKFLOW, {
      workflowId: leadWorkflowId(leadId),
      taskQueue,
      args: [{ leadId, policy: { ...policy, windowMs } }],
      signal: leadEvents,
      signalArgs: [{ events }],
      typedSearchAttributes: startAttributes(events),
    });
    return { handle, createWorker };
  }

  async function nowIso(): Promise<string> {
    return new Date(await env.currentTimeMs()).toISOString();
  }

  /** When the lead ended, in days after it began, on the server's clock. */
  async function daysOpen(handle: { describe(): Promise<{ startTime: Date; closeTime?: Date }> }): Promise<number> {
    const { startTime, closeTime } = await handle.describe();
    return ((closeTime?.getTime() ?? NaN) - startTime.getTime()) / DAY_MS;
  }

  it('R9: a lead without any status ends as expired, 14 days after its only touch', async () => {
    const { handle, createWorker } = await startLead(numbered([touch('ann', 'a1')], { at: await nowIso() }));
    const { outcome } = await (await createWorker()).runUntil(handle.result());
    assert.equal(outcome, 'expired');
    assert.ok(Math.abs((await daysOpen(handle)) - 14) < 0.001);
    const { typedSearchAttributes } = await handle.describe();
    assert.deepEqual(typedSearchAttributes.getAll().find(({ key }) => key.name === 'LeadStatus')?.value, 'expired');
  });

  it('R9: late touches and conversions move the end of the window, with one timer at a time', async () => {
    const { handle, createWorker } = await startLead(numbered([touch('ann', 'a1')], { at: await nowIso() }));
    await (
      await createWorker()
    ).runUntil(async () => {
      await env.sleep('13 days');
      await handle.signal(leadEvents, { events: numbered([touch('bob')], { at: await nowIso(), after: 1 }) });
      await env.sleep('10 days');
      await handle.signal(leadEvents, { events: numbered([conversion()], { at: await nowIso(), after: 2 }) });
      await handle.result();
    });
    assert.ok(Math.abs((await daysOpen(handle)) - 37) < 0.001, `${await daysOpen(handle)}`);
    const { events } = await handle.fetchHistory();
    const timers = events?.filter((event) => event.timerStartedEventAttributes).length;
    const cancelled = events?.filter((event) => event.timerCanceledEventAttributes).length;
    assert.deepEqual([timers, cancelled], [3, 0]);
  });

  it('R9: a status does not move the end of the window, and the lead ends with it', async () => {
    const { handle, createWorker } = await startLead(
      numbered([touch('ann', 'a1'), conversion()], { at: await nowIso() }),
    );
    await (
      await createWorker()
    ).runUntil(async () => {
      await env.sleep('10 days');
      await handle.signal(leadEvents, { events: numbered([status('approved')], { at: await nowIso(), after: 2 }) });
      assert.deepEqual((await handle.result()).outcome, 'approved');
    });
    assert.ok(Math.abs((await daysOpen(handle)) - 14) < 0.001);
  });

  it('a status in the same task as the timer wins', async () => {
    // On a real server with a short window, because the time-skipping one waits for every task before it skips.
    const { address } = await testTemporal();
    const connection = await Connection.connect({ address });
    const nativeConnection = await NativeConnection.connect({ address });
    const server = { client: new Client({ connection }), nativeConnection };
    await registerSearchAttributes(server.client);
    const at = new Date().toISOString();
    const { handle, createWorker } = await startLead(
      numbered([touch('ann', 'a1'), conversion()], { at }),
      server,
      1000,
    );
    const historyHas = (eventType: EventType) =>
      eventually(async () => {
        const { events } = await handle.fetchHistory();
        assert.ok(events?.some((event) => event.eventType === eventType));
      });

    const first = await createWorker();
    await first.runUntil(historyHas(EventType.EVENT_TYPE_TIMER_STARTED));
    await historyHas(EventType.EVENT_TYPE_TIMER_FIRED);
    await handle.signal(leadEvents, { events: numbered([status('approved')], { at, after: 2 }) });
    const second = await createWorker();
    const { outcome } = await second.runUntil(handle.result());

    assert.equal(outcome, 'approved');
    assert.deepEqual(
      settled.map(({ seq, holder }) => [seq, holder?.partnerId]),
      [[3, 'ann']],
    );
    await nativeConnection.close();
    await connection.close();
  });

  it('a lead that is reopened after its window takes the late status and ends', async () => {
    const longAgo = new Date((await env.currentTimeMs()) - 30 * DAY_MS).toISOString();
    const events = numbered([touch('ann', 'a1'), conversion(), status('approved')], { at: longAgo });
    const { handle, createWorker } = await startLead(events);
    const { outcome, appliedSeq } = await (await createWorker()).runUntil(handle.result());
    assert.deepEqual([outcome, appliedSeq, settled.length], ['approved', 3, 1]);
  });

  it('the standard lead costs at most 60 history events when each arrives on its own', async () => {
    const { handle, createWorker } = await startLead(
      numbered([touch('ann', 'a1'), conversion()], { at: await nowIso() }),
    );
    await (
      await createWorker()
    ).runUntil(async () => {
      for (const after of [2, 3, 4, 5, 6]) {
        await env.sleep('1 hour');
        await handle.signal(leadEvents, {
          events: numbered([touch('ann', `a${after}`)], { at: await nowIso(), after }),
        });
      }
      await env.sleep('1 day');
      await handle.signal(leadEvents, { events: numbered([status('pending')], { at: await nowIso(), after: 7 }) });
      await env.sleep('1 day');
      await handle.signal(leadEvents, { events: numbered([status('approved')], { at: await nowIso(), after: 8 }) });
      await handle.result();
    });
    const { events } = await handle.fetchHistory();
    assert.ok((events?.length ?? Infinity) <= 60, `${events?.length} events`);
    assert.equal(settled.length, 2);
  });

  it('a continued run takes up what was being sent where it stands, and fetches what it has heard of', async () => {
    const leadId = randomUUID();
    const taskQueue = `window-${leadId}`;
    const at = await nowIso();
    const facts = numbered([touch('ann', 'a1'), conversion(), status('pending'), touch('bob')], { at });
    const delivering = { conversionId: 'c1', partnerId: 'ann', status: 'pending', isHandover: false } as const;
    const done: string[] = [];
    const worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue,
      workflowBundle: await testBundle(),
      activities: {
        ...activities,
        loadLeadEvents: async ({ afterSeq }) => facts.slice(afterSeq),
        reviewPostback: async () => (done.push('reviewed'), { attemptsLeft: 2, retryInMs: 120_000 }),
        deliverPostback: async () => (done.push('delivered'), { result: 'delivered' }),
      } satisfies LeadActivities,
    });
    const input: LeadInput = {
      leadId,
      policy,
      state: facts.slice(0, 3).reduce(applyEvent, newLead()),
      knownSeq: 4,
      delivering: [{ ...delivering, postbackId: 'p3', attemptsLeft: 3 }],
    };
    const workflowId = leadWorkflowId(leadId);
    const handle = await env.client.workflow.start(LEAD_WORKFLOW, { workflowId, taskQueue, args: [input] });
    const outcome = (await worker.runUntil(handle.result())) as LeadOutcome;

    assert.deepEqual(done, ['reviewed', 'delivered']);
    assert.deepEqual([outcome.outcome, outcome.appliedSeq], ['pending', 4]);
    const { events } = await handle.fetchHistory();
    const waits = events?.flatMap(({ timerStartedEventAttributes: timer }) =>
      Number(timer?.startToFireTimeout?.seconds ?? []),
    );
    assert.ok(waits?.includes(120), JSON.stringify(waits));
  });
});
