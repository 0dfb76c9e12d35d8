import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { LeadEvent } from '../src/domain/lead-event.ts';
import {
  applyEvent,
  isNext,
  newLead,
  noteInStory,
  settlementFor,
  windowEndsAt,
  type Settlement,
} from '../src/domain/lead.ts';
import {
  leadEvents,
  leadQuery,
  type DuePostback,
  type LeadActivities,
  type LeadInput,
  type LeadOutcome,
} from './contract.ts';
import { startDeliveries } from './deliveries.ts';
import { createLeadVisibility } from './lead-view.ts';

// Saves a task and a round trip in the ordinary case …
const atOnce = proxyLocalActivities<LeadActivities>({ startToCloseTimeout: '2s', retry: { maximumAttempts: 1 } });
// … and while Postgres is away ops can see it pending: that is no reason to lose a status.
const untilDone = proxyActivities<LeadActivities>({
  startToCloseTimeout: '15s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
});

// Beyond this a run is continued even while postbacks are under way; the next run takes them up again.
const LONG_HISTORY_EVENTS = 10_000;

/**
 * One lead: hears of its touches, conversions and statuses in the order they were committed, settles each status with
 * the partner who holds the lead at that point, delivers the postbacks, and ends when its window is over.
 *
 * A cancellation asked for in the Web UI changes nothing: what is owed to partners stays owed.
 */
export async function lead(input: LeadInput): Promise<LeadOutcome> {
  return await CancellationScope.nonCancellable(() => live(input));
}

async function live(input: LeadInput): Promise<LeadOutcome> {
  const { leadId, policy } = input;
  const inbox: LeadEvent[] = [];
  let taking: LeadEvent[] = [];
  // A person may send anything by hand; what is no message must not stop the lead.
  setHandler(leadEvents, (message) => void inbox.push(...eventsOf(message)));

  let state = input.state ?? newLead();
  const deliveries = startDeliveries(policy, {
    onEnded({ postbackId, status, partnerId }, result) {
      state = noteInStory(state, `postback ${postbackId} (${status}) to partner ${partnerId} ${result}`);
      visible.publish();
    },
  });
  const visible = createLeadVisibility({ leadId, policy, deliveries, lead: () => state });
  setHandler(leadQuery, visible.snapshot);
  deliveries.resume(input.delivering ?? []);
  // The details belong to a run: a continued one would have none until something happens.
  if (input.state) visible.publish();
  void watchWindow();
  if (input.knownSeq) await catchUp(input.knownSeq);

  for (;;) {
    await condition(() => inbox.length > 0 || isDone() || mustContinue());
    if (inbox.length === 0 && isDone()) break;
    if (mustContinue()) await continueInNewRun(state.appliedSeq);
    // The SDK takes a stack trace of each promise, so nothing is awaited here that need not be.
    taking = inbox.splice(0);
    for (const event of taking) {
      if (event.seq > state.appliedSeq + 1) await catchUp(event.seq - 1);
      const settlement = apply(event);
      if (settlement) await settle(settlement);
    }
    visible.publish();
  }
  visible.publish();
  return { leadId, outcome: state.lastStatus ?? 'expired', appliedSeq: state.appliedSeq };

  /** Fetches what was committed up to `seq` and has not been heard of: a gap, or all of it in a lead that is rebuilt. */
  async function catchUp(seq: number): Promise<void> {
    while (state.appliedSeq < seq) {
      if (mustContinue()) await continueInNewRun(seq);
      const { appliedSeq: afterSeq } = state;
      const summary = `events after ${afterSeq}`;
      const missing = await untilDone.loadLeadEvents.executeWithOptions({ summary }, [{ leadId, afterSeq }]);
      for (const event of missing) {
        const settlement = apply(event);
        if (settlement) await settle(settlement);
      }
    }
  }

  function mustContinue(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested && (deliveries.underWay().length === 0 || historyLength > LONG_HISTORY_EVENTS);
  }

  /** What has been heard of but not applied need not be carried over: the next run fetches it from Postgres. */
  async function continueInNewRun(heardOfSeq: number): Promise<never> {
    const knownSeq = Math.max(heardOfSeq, ...[...taking, ...inbox].map((event) => event.seq));
    return await continueAsNew<typeof lead>({ leadId, policy, state, knownSeq, delivering: deliveries.underWay() });
  }

  /** Drops what the lead has already. @returns how a status is to be settled */
  function apply(event: LeadEvent): Settlement | undefined {
    if (!isNext(state, event)) return undefined;
    const before = state;
    state = applyEvent(before, event);
    return event.type === 'status' ? settlementFor(before, event) : undefined;
  }

  async function settle(settlement: Settlement): Promise<void> {
    const supersedes = deliveries.supersede(settlement.conversionId);
    visible.publish();
    // A delivery that is cancelled in the task that began it ends at another moment when the task is replayed, relative to
    // a local activity. A regular one ends the task, and with it the race.
    const due = supersedes ? await settleUntilDone(settlement) : await settleDurably(settlement);
    deliveries.deliver(due);
  }

  async function settleDurably(settlement: Settlement): Promise<DuePostback[]> {
    try {
      return await atOnce.settle.executeWithOptions(...settleCall(settlement));
    } catch (error) {
      if (isCancellation(error)) throw error;
      return await settleUntilDone(settlement);
    }
  }

  async function settleUntilDone(settlement: Settlement): Promise<DuePostback[]> {
    return await untilDone.settle.executeWithOptions(...settleCall(settlement));
  }

  function settleCall(settlement: Settlement): [{ summary: string }, Parameters<LeadActivities['settle']>] {
    const summary = `${settlement.status} → ${settlement.holder ? `partner ${settlement.holder.partnerId}` : 'house'}`;
    return [{ summary }, [{ leadId, maxAttempts: policy.postbackAttempts, settlement }]];
  }

  function isDone(): boolean {
    return isWindowOver() && deliveries.underWay().length === 0;
  }

  function isWindowOver(): boolean {
    return Date.now() >= (windowEndsAt(state, policy.windowMs) ?? Infinity);
  }

  /** One lazy timer: later touches do not restart it; when it fires, it sleeps again for what they have added. */
  async function watchWindow(): Promise<never> {
    for (;;) {
      await condition(() => windowEndsAt(state, policy.windowMs) !== undefined && !isWindowOver());
      await sleep((windowEndsAt(state, policy.windowMs) ?? 0) - Date.now(), { summary: 'window of the lead' });
    }
  }
}

function eventsOf(message: { events: LeadEvent[] } | undefined): LeadEvent[] {
  if (!Array.isArray(message?.events)) return [];
  return message.events.filter((event: LeadEvent | undefined) => Number.isSafeInteger(event?.seq));
}
