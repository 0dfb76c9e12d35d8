import assert from 'node:assert/strict';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { temporal } from '@temporalio/proto';
import type { LeadEvent } from '../../src/domain/lead-event.ts';
import type { Settlement } from '../../src/domain/lead.ts';
import { leadEvents } from '../../workflows/contract.ts';
import { conversion, numbered, status, touch } from '../support/leads/events.ts';
import { eventually } from '../support/eventually.ts';
import { DAY_MS } from '../support/policy.ts';
import { testTemporal } from '../support/servers.ts';
import { connectToTemporal, type TemporalConnection } from '../support/temporal/connection.ts';
import { isoTimeOf, startTimeSkipping } from '../support/temporal/time-skipping.ts';
import { createKeepingActivities, startLeadWith } from './lead-without-database.ts';

const { EventType } = temporal.api.enums.v1;
type EventType = temporal.api.enums.v1.EventType;

// Long enough for a busy machine to start a worker, or the window is over before its timer is set.
const SHORT_WINDOW_MS = 8000;

describe('the window of a lead', function () {
  this.timeout(120_000);
  let env: TestWorkflowEnvironment;
  let settled: Settlement[];

  before(async () => {
    env = await startTimeSkipping();
  });

  after(() => env.teardown());

  beforeEach(() => {
    settled = [];
  });

  async function startLead(
    events: LeadEvent[],
    { temporal = env, ...options }: { temporal?: TemporalConnection; windowMs?: number; startsAsleep?: boolean } = {},
  ) {
    return await startLeadWith({ temporal, events, activities: createKeepingActivities(settled), ...options });
  }

  /** When the lead ended, in days after it began, on the server's clock. */
  async function daysOpen(handle: { describe(): Promise<{ startTime: Date; closeTime?: Date }> }): Promise<number> {
    const { startTime, closeTime } = await handle.describe();
    return ((closeTime?.getTime() ?? NaN) - startTime.getTime()) / DAY_MS;
  }

  // A server may ignore that a lead is to sleep; then both are the same.
  for (const startsAsleep of [false, true]) {
    describe(startsAsleep ? 'that starts asleep' : 'that starts awake', () => {
      it('R9: a lead without any status ends as expired, 14 days after its only touch', async () => {
        const { handle, createWorker } = await startLead(numbered([touch('ann', 'a1')], { at: await isoTimeOf(env) }), {
          startsAsleep,
        });
        const { outcome } = await (await createWorker()).runUntil(handle.result());
        assert.equal(outcome, 'expired');
        assert.ok(Math.abs((await daysOpen(handle)) - 14) < 0.001);
        const { typedSearchAttributes } = await handle.describe();
        assert.deepEqual(typedSearchAttributes.getAll().find(({ key }) => key.name === 'LeadStatus')?.value, 'expired');
      });

      it('R9: a status does not move the end of the window, and the lead ends with it', async () => {
        const { handle, createWorker, tell } = await startLead(
          numbered([touch('ann', 'a1'), conversion()], { at: await isoTimeOf(env) }),
          { startsAsleep },
        );
        await (
          await createWorker()
        ).runUntil(async () => {
          await env.sleep('10 days');
          await tell(numbered([status('approved')], { at: await isoTimeOf(env), after: 2 }));
          assert.deepEqual((await handle.result()).outcome, 'approved');
        });
        assert.ok(Math.abs((await daysOpen(handle)) - 14) < 0.001);
      });
    });
  }

  it('R9: late touches and conversions move the end of the window, with one timer at a time', async () => {
    const { handle, createWorker } = await startLead(numbered([touch('ann', 'a1')], { at: await isoTimeOf(env) }));
    await (
      await createWorker()
    ).runUntil(async () => {
      await env.sleep('13 days');
      await handle.signal(leadEvents, { events: numbered([touch('bob')], { at: await isoTimeOf(env), after: 1 }) });
      await env.sleep('10 days');
      await handle.signal(leadEvents, { events: numbered([conversion()], { at: await isoTimeOf(env), after: 2 }) });
      await handle.result();
    });
    assert.ok(Math.abs((await daysOpen(handle)) - 37) < 0.001, `${await daysOpen(handle)}`);
    const { events } = await handle.fetchHistory();
    const timers = events?.filter((event) => event.timerStartedEventAttributes).length;
    const cancelled = events?.filter((event) => event.timerCanceledEventAttributes).length;
    assert.deepEqual({ timers, cancelled }, { timers: 3, cancelled: 0 });
  });

  it('a status in the same task as the timer wins', async () => {
    // On a real server with a short window, because the time-skipping one waits for every task before it skips.
    const real = await connectToTemporal((await testTemporal()).address);
    const at = new Date().toISOString();
    const { handle, createWorker } = await startLead(numbered([touch('ann', 'a1'), conversion()], { at }), {
      temporal: real,
      windowMs: SHORT_WINDOW_MS,
    });
    const historyHas = (eventType: EventType) =>
      eventually(async () => {
        const { events } = await handle.fetchHistory();
        assert.ok(
          events?.some((event) => event.eventType === eventType),
          'not yet',
        );
      });

    const first = await createWorker();
    await first.runUntil(historyHas(EventType.EVENT_TYPE_TIMER_STARTED));
    await historyHas(EventType.EVENT_TYPE_TIMER_FIRED);
    await handle.signal(leadEvents, { events: numbered([status('approved')], { at, after: 2 }) });
    const second = await createWorker();
    const { outcome } = await second.runUntil(handle.result());

    assert.equal(outcome, 'approved');
    assert.deepEqual(
      settled.map(({ seq, holder }) => ({ seq, partnerId: holder?.partnerId })),
      [{ seq: 3, partnerId: 'ann' }],
    );
    await real.close();
  });

  it('a lead that is reopened after its window takes the late status and ends', async () => {
    const longAgo = new Date((await env.currentTimeMs()) - 30 * DAY_MS).toISOString();
    const events = numbered([touch('ann', 'a1'), conversion(), status('approved')], { at: longAgo });
    const { handle, createWorker } = await startLead(events);
    const { outcome, appliedSeq } = await (await createWorker()).runUntil(handle.result());
    assert.deepEqual({ outcome, appliedSeq }, { outcome: 'approved', appliedSeq: 3 });
    assert.equal(settled.length, 1);
  });
});
