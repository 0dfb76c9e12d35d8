import { WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import type { ClaimedLead } from '../db/outbox.ts';
import { LEAD_WORKFLOW, TASK_QUEUE, leadEvents, leadWorkflowId, type LeadPolicy } from '../../workflows/contract.ts';
import { sleepOptions, startAttributes } from './lead-start.ts';

/** What a lead owes its workflow, in order, and what was before that. */
export type OwedEvents = Omit<ClaimedLead, 'failures' | 'isBulk'>;

export type TellOptions = {
  policy: LeadPolicy;
  /** Whether leads may be started asleep now; see start-delay.ts. */
  mayStartAsleep: boolean;
  /** Whether Temporal has time to wake a lead only so that people see its new holder or conversion. */
  mayWakeForPeople: boolean;
};

// A lead with more events is awake: while it sleeps they only pile up, and Temporal takes at most 10,000 in one run.
const MAX_EVENTS_ASLEEP = 100;

/**
 * Tells a lead's workflow of its events, and starts it where there is none.
 *
 * A flood of clicks must not stand before a status in Temporal's own queue, so clicks make no task there: a lead starts
 * asleep, and what changes nothing that people see of it is told by a plain signal, which wakes nobody. A signalWithStart
 * wakes a sleeping lead.
 */
export async function tellLead(client: Client, owed: OwedEvents, options: TellOptions): Promise<void> {
  if (mayGoUnnoticed(owed, options) && (await signalKnown(client, owed))) return;
  await startOrWake(client, owed, options);
}

/** @returns false when no run of the lead is open */
async function signalKnown({ workflow }: Client, { leadId, events }: OwedEvents): Promise<boolean> {
  try {
    await workflow.getHandle(leadWorkflowId(leadId)).signal(leadEvents, { events });
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function startOrWake({ workflow }: Client, owed: OwedEvents, options: TellOptions): Promise<void> {
  const { leadId, events, recheck } = owed;
  const { policy, mayStartAsleep } = options;
  await workflow.signalWithStart(LEAD_WORKFLOW, {
    workflowId: leadWorkflowId(leadId),
    taskQueue: TASK_QUEUE,
    args: [{ leadId, policy }],
    signal: leadEvents,
    signalArgs: [{ events, ...(recheck && { recheck }) }],
    typedSearchAttributes: startAttributes(events),
    ...(mayStartAsleep && isBeginning(owed) && hasNothingToDo(owed) ? sleepOptions(events, policy) : {}),
    // A closed lead hears of a late status in a new run, which rebuilds itself from Postgres.
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
  });
}

/** For clicks of a known lead: when they leave its holder and its conversions as they are, people see no difference. */
function mayGoUnnoticed(owed: OwedEvents, { mayWakeForPeople }: TellOptions): boolean {
  if (isBeginning(owed) || !hasNothingToDo(owed)) return false;
  if (!mayWakeForPeople) return true;
  return owed.events.every((event) => event.type === 'touch') && holderAfter(owed) === owed.partnerBefore;
}

function isBeginning({ events }: OwedEvents): boolean {
  return events[0]?.seq === 1;
}

function hasNothingToDo({ owesStatus, recheck, uptoSeq }: OwedEvents): boolean {
  return !owesStatus && !recheck && uptoSeq <= MAX_EVENTS_ASLEEP;
}

function holderAfter({ events }: OwedEvents): string | undefined {
  return events.findLast((event) => event.type === 'touch')?.partnerId;
}
