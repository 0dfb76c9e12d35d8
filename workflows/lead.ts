import {
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { LeadEvent, StatusEvent } from '../src/domain/lead-event.ts';
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

/**
 * One lead: hears of its touches, conversions and statuses in the order they were committed, settles each status with
 * the partner who holds the lead at that point, delivers the postbacks, and ends when its window is over.
 */
export async function lead(input: LeadInput): Promise<LeadOutcome> {
  const { leadId, policy } = input;
  const inbox: LeadEvent[] = [];
  setHandler(leadEvents, ({ events }) => void inbox.push(...events));

  let state = input.state ?? newLead();
  const deliveries = startDeliveries(policy, {
    onEnded({ postbackId, status, partnerId }, result) {
      state = noteInStory(state, `postback ${postbackId} (${status}) to partner ${partnerId} ${result}`);
      visible.publish();
    },
    onIdle: () => visible.publish(),
  });
  const visible = createLeadVisibility({ leadId, policy, deliveries, lead: () => state });
  setHandler(leadQuery, visible.snapshot);
  // The details belong to a run: a continued one would have none until something happens.
  if (input.state) visible.publish();
  void watchWindow();

  for (;;) {
    await condition(() => inbox.length > 0 || isDone());
    if (inbox.length === 0) break;
    for (const event of inbox.splice(0)) await take(event);
    visible.publish();
    if (workflowInfo().continueAsNewSuggested && inbox.length === 0 && deliveries.underWay().length === 0) {
      await continueAsNew<typeof lead>({ leadId, policy, state });
    }
  }
  visible.publish();
  return { leadId, outcome: state.lastStatus ?? 'expired', appliedSeq: state.appliedSeq };

  /** Drops what the lead has already; fetches what it lacks before this event. */
  async function take(event: LeadEvent): Promise<void> {
    while (event.seq > state.appliedSeq + 1) {
      const missing = await untilDone.loadLeadEvents.executeWithOptions(
        { summary: `events after ${state.appliedSeq}` },
        [{ leadId, afterSeq: state.appliedSeq }],
      );
      for (const earlier of missing) if (isNext(state, earlier)) await apply(earlier);
    }
    if (isNext(state, event)) await apply(event);
  }

  async function apply(event: LeadEvent): Promise<void> {
    const before = state;
    state = applyEvent(before, event);
    if (event.type === 'status') await settle(settlementFor(before, event), event);
  }

  async function settle(settlement: Settlement, event: StatusEvent): Promise<void> {
    deliveries.supersede(event.conversionId);
    visible.publish();
    const due = await settleDurably(settlement);
    deliveries.deliver(event.conversionId, due);
  }

  async function settleDurably(settlement: Settlement): Promise<DuePostback[]> {
    const summary = `${settlement.status} → ${settlement.holder ? `partner ${settlement.holder.partnerId}` : 'house'}`;
    const args: Parameters<LeadActivities['settle']> = [{ leadId, maxAttempts: policy.postbackAttempts, settlement }];
    try {
      return await atOnce.settle.executeWithOptions({ summary }, args);
    } catch (error) {
      if (isCancellation(error)) throw error;
      return await untilDone.settle.executeWithOptions({ summary }, args);
    }
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
