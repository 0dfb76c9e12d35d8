import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import { eventually } from '../support/eventually.ts';
import { startLeadWorldOn, type LeadWorld } from '../support/temporal/lead-world.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { policy } from '../support/policy.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { startPrivateTemporal } from '../support/servers.ts';

type Events = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

// Long enough for a busy machine to make all of a lead's facts arrive one by one.
const WINDOW_MS = 15_000;
const MAX_EVENTS_UNTOUCHED = 7;
// It takes 37. Without local activities it would take 47.
const MAX_EVENTS_STANDARD = 42;
// On a busy machine a status may not be settled at once, which a marker says; then an activity and a task more do so.
const EVENTS_OF_SETTLING_AGAIN = 6;

// On a real server, because the time-skipping one lets no lead sleep.
describe('the history of a lead', function () {
  this.timeout(120_000);
  let temporal: Awaited<ReturnType<typeof startPrivateTemporal>>;
  let tracker: PartnerServer;
  let world: LeadWorld;
  let ann: string;
  let untouched: string;

  before(async () => {
    temporal = await startPrivateTemporal();
    tracker = await startPartnerServer();
    world = await startLeadWorldOn(temporal.address, {
      startsAsleep: true,
      policy: { ...policy, windowMs: WINDOW_MS },
    });
    ann = await world.network.partner(settingsFor(tracker.url));
    // Its window passes while the other test runs.
    untouched = world.network.newLead();
    await world.network.touch(untouched, ann);
    await isRelayed();
  });

  after(async () => {
    await world.stop();
    await tracker.stop();
    await temporal.kill('SIGKILL');
  });

  async function isRelayed(): Promise<void> {
    await eventually(async () => assert.deepEqual(await world.network.db('outbox').select('lead_id'), []));
  }

  async function eventsAtItsEnd(handle: WorkflowHandle): Promise<number> {
    await handle.result();
    const { events } = await handle.fetchHistory();
    assert.ok(events);
    const again = events.filter(
      ({ activityTaskScheduledEventAttributes: activity }, index) =>
        activity?.activityType?.name === 'settle' && events[index - 1]?.markerRecordedEventAttributes?.failure,
    );
    return events.length - countLost(events) - again.length * EVENTS_OF_SETTLING_AGAIN;
  }

  /** On a busy machine a task may time out: then another one does its work, and its own events were for nothing. */
  function countLost(events: Events): number {
    const lost = events.flatMap(({ eventId, workflowTaskTimedOutEventAttributes: task }) =>
      task ? [eventId, task.scheduledEventId, task.startedEventId].map(String) : [],
    );
    return events.filter(({ eventId }) => lost.includes(String(eventId))).length;
  }

  /** What comes while a delivery is under way supersedes it, which takes more events. */
  async function hasDelivered(handle: WorkflowHandle): Promise<void> {
    await eventually(async () => assert.deepEqual((await handle.describe()).raw.pendingActivities, []));
  }

  it(`of the standard kind takes at most ${MAX_EVENTS_STANDARD} events when each fact arrives on its own`, async () => {
    const { leadId, conversionId } = await world.network.aLead(ann);
    await isRelayed();
    for (const visit of [1, 2, 3, 4, 5]) {
      await world.network.touch(leadId, ann, `visit-${visit}`);
      await isRelayed();
    }
    await world.network.report(conversionId, 'pending');
    await world.hasPostbacks(conversionId, 'delivered');
    await hasDelivered(world.handleOf(leadId));
    await world.network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered', 'delivered');
    const events = await eventsAtItsEnd(world.handleOf(leadId));
    assert.ok(events <= MAX_EVENTS_STANDARD, `${events} events`);
  });

  it(`with one touch that expires takes at most ${MAX_EVENTS_UNTOUCHED} events`, async () => {
    const events = await eventsAtItsEnd(world.handleOf(untouched));
    assert.ok(events <= MAX_EVENTS_UNTOUCHED, `${events} events`);
  });
});
