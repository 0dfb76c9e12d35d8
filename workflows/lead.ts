import { CancellationScope, condition, continueAsNew, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import { isLeadEvent, type LeadEvent, type StatusEvent } from '../src/domain/lead-event.ts';
import {
  applyEvent,
  hasForgotten,
  isNext,
  isReusedNumber,
  latestSeq,
  newLead,
  noteInStory,
  recallConversion,
  settlementFor,
  windowEndsAt,
  type LeadState,
} from '../src/domain/lead.ts';
import {
  NOT_A_FACT,
  leadEvents,
  leadQuery,
  type DeliveryResult,
  type DuePostback,
  type LeadInput,
  type LeadMessage,
  type LeadOutcome,
  type LeadPolicy,
} from './contract.ts';
import { startDeliveries, type Deliveries } from './deliveries.ts';
import { publish, viewOf } from './lead-view.ts';
import { recallLocallyFirst, settleLocallyFirst, settleRegularly } from './settling.ts';
import { untilDone } from './until-done.ts';

/** What one run of a lead works with. */
type LeadRun = {
  leadId: string;
  policy: LeadPolicy;
  state: LeadState;
  /** Events that the lead has heard of and not looked at yet. */
  inbox: LeadEvent[];
  /** The events from the inbox that are being looked at. */
  taken: LeadEvent[];
  deliveries: Deliveries;
  /** Somebody misses what this lead should have done. */
  isRecheckAsked: boolean;
};

// Beyond these a run is continued even while postbacks are under way; the next run takes them up again. People's tools
// read at most 4 MB of a history at a time.
const LONG_HISTORY_EVENTS = 10_000;
const LONG_HISTORY_BYTES = 3_000_000;
// A server lets a run have 2,000 activities at a time, and a continued run must carry these postbacks in its input.
const MAX_UNDER_WAY = 1_000;
// Postgres and Temporal have clocks of their own.
const MAX_CLOCK_SKEW_MS = 10_000;

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
  const run = begin(input);
  void watchWindow(run);
  if (input.knownSeq) await catchUp(run, input.knownSeq);

  for (;;) {
    await condition(() => isAskedFor(run) || isDone(run) || mustContinue(run));
    if (!isAskedFor(run) && isDone(run)) break;
    if (mustContinue(run)) await continueInNewRun(run, run.state.appliedSeq);
    // A lead that begins with nothing does it all from Postgres anyway.
    const mustRecheck = run.isRecheckAsked && run.state.appliedSeq > 0;
    // Otherwise it stands until it is done, should the lead go on in a new run first.
    if (!mustRecheck) run.isRecheckAsked = false;
    run.taken = run.inbox.splice(0);
    for (const event of run.taken) {
      if (isReusedNumber(run.state, event)) await rebuild(run, event.seq, 'which has given a number to another event');
      if (isDoubtful(run.state, event)) await catchUp(run, event.seq);
      const settling = take(run, event);
      if (settling) await settling;
    }
    if (mustRecheck) await recheck(run);
    publish(run);
  }
  publish(run);
  return { leadId: run.leadId, outcome: run.state.lastStatus ?? 'expired', appliedSeq: run.state.appliedSeq };
}

function isAskedFor({ inbox, isRecheckAsked }: LeadRun): boolean {
  return inbox.length > 0 || isRecheckAsked;
}

/** True for what is better taken from Postgres: an event that shows a gap, or one that cannot have happened yet. */
function isDoubtful({ appliedSeq }: LeadState, { seq, at }: LeadEvent): boolean {
  return seq > appliedSeq + 1 || Date.parse(at) > Date.now() + MAX_CLOCK_SKEW_MS;
}

/** Listens first of all, then takes up what an earlier run of the lead was delivering. */
function begin({ leadId, policy, state, delivering, recheck }: LeadInput): LeadRun {
  const deliveries = startDeliveries(policy, noteEnd);
  const run: LeadRun = {
    ...{ leadId, policy, state: state ?? newLead(), deliveries },
    ...{ inbox: [], taken: [], isRecheckAsked: recheck === true },
  };
  setHandler(leadEvents, (message) => {
    for (const event of eventsOf(message)) run.inbox.push(event);
    run.isRecheckAsked ||= message?.recheck === true;
  });
  setHandler(leadQuery, () => viewOf(run));
  deliveries.resume(delivering ?? []);
  // The details belong to a run: a continued one would have none until something happens.
  if (state) publish(run);
  return run;

  function noteEnd({ postbackId, status, partnerId }: DuePostback, result: DeliveryResult): void {
    run.state = noteInStory(run.state, `postback ${postbackId} (${status}) to partner ${partnerId} ${result}`);
    publish(run);
  }
}

/**
 * Applies an event unless the lead has it already, and settles it when it is a status.
 * @returns undefined when there is nothing to wait for, because the SDK takes a stack trace of each promise
 */
function take(run: LeadRun, event: LeadEvent): Promise<void> | undefined {
  if (!isNext(run.state, event)) return undefined;
  if (event.type === 'status') return settle(run, event);
  run.state = applyEvent(run.state, event);
  return undefined;
}

async function settle(run: LeadRun, event: StatusEvent): Promise<void> {
  const { leadId, policy, deliveries } = run;
  if (isCrowded(run)) await roomToDeliver(run, event.seq);
  if (hasForgotten(run.state, event)) await recall(run, event);
  const settlement = settlementFor(run.state, event);
  run.state = applyEvent(run.state, event);
  const isBusy = deliveries.supersede(settlement);
  publish(run);
  const input = { leadId, maxAttempts: policy.postbackAttempts, settlement };
  const due = isBusy ? await settleRegularly(input) : await settleLocallyFirst(input);
  if (due === NOT_A_FACT) await rebuild(run, event.seq, 'which does not have all that was heard of');
  else deliveries.deliver(due);
}

function isCrowded({ deliveries }: LeadRun): boolean {
  return deliveries.underWay().length >= MAX_UNDER_WAY;
}

async function roomToDeliver(run: LeadRun, seq: number): Promise<void> {
  await condition(() => !isCrowded(run) || mustContinue(run));
  if (mustContinue(run)) await continueInNewRun(run, seq);
}

async function recall(run: LeadRun, { conversionId, seq }: StatusEvent): Promise<void> {
  const conversion = await recallLocallyFirst({ leadId: run.leadId, conversionId, beforeSeq: seq });
  if (conversion) run.state = recallConversion(run.state, conversion);
}

/**
 * Fetches what was committed up to `seq` and has not been heard of: a gap, or all of it in a lead that is rebuilt. What
 * Postgres does not have is no fact, whoever sent it.
 */
async function catchUp(run: LeadRun, seq: number): Promise<void> {
  while (run.state.appliedSeq < seq) {
    if (mustContinue(run)) await continueInNewRun(run, seq);
    const { appliedSeq: afterSeq } = run.state;
    const summary = `events after ${afterSeq}`;
    const input = { leadId: run.leadId, afterSeq };
    const missing = await untilDone().loadLeadEvents.executeWithOptions({ summary }, [input]);
    if (missing.length === 0) return noteUnfounded(run, seq);
    for (const event of missing) {
      const settling = take(run, event);
      if (settling) await settling;
    }
  }
}

/**
 * Begins anew with what Postgres holds, up to `seq` at least and to where the lead was. Statuses are settled again, which
 * changes nothing where they were settled before, and takes up the postbacks that are still owed.
 */
async function rebuild(run: LeadRun, seq: number, why: string): Promise<void> {
  const { appliedSeq, story } = run.state;
  run.state = noteInStory({ ...newLead(), story }, `rebuilt from Postgres, ${why}`);
  await catchUp(run, Math.max(seq, appliedSeq));
}

function noteUnfounded(run: LeadRun, seq: number): void {
  run.state = noteInStory(run.state, `event ${seq} was heard of, but Postgres has only ${run.state.appliedSeq}`);
}

/**
 * Does what Postgres lacks. Normally there is nothing: the lead is only slow. But Postgres may have lost a settlement or
 * the end of a postback in a failover, or a person may have reset the lead's history.
 */
async function recheck(run: LeadRun): Promise<void> {
  run.isRecheckAsked = false;
  const { leadId, policy, state, deliveries } = run;
  const input = { leadId, uptoSeq: state.appliedSeq, maxAttempts: policy.postbackAttempts };
  const { hasUnsettled, open } = await untilDone().findUnfinished(input);
  if (hasUnsettled) return await rebuild(run, state.appliedSeq, 'which lacks a settlement');
  deliveries.deliver(open);
}

function mustContinue({ deliveries }: LeadRun): boolean {
  const { continueAsNewSuggested, historyLength, historySize } = workflowInfo();
  if (historySize > LONG_HISTORY_BYTES) return true;
  return continueAsNewSuggested && (deliveries.underWay().length === 0 || historyLength > LONG_HISTORY_EVENTS);
}

/** What has been heard of but not applied need not be carried over: the next run fetches it from Postgres. */
async function continueInNewRun(run: LeadRun, heardOfSeq: number): Promise<never> {
  const { leadId, policy, state, taken, inbox, deliveries, isRecheckAsked: recheck } = run;
  const knownSeq = latestSeq([...taken, ...inbox], heardOfSeq);
  const delivering = deliveries.underWay();
  return await continueAsNew<typeof lead>({ leadId, policy, state, knownSeq, delivering, ...(recheck && { recheck }) });
}

function isDone(run: LeadRun): boolean {
  return isWindowOver(run) && run.deliveries.underWay().length === 0;
}

function isWindowOver({ state, policy }: LeadRun): boolean {
  return Date.now() >= (windowEndsAt(state, policy.windowMs) ?? Infinity);
}

/** One lazy timer: later touches do not restart it; when it fires, it sleeps again for what they have added. */
async function watchWindow(run: LeadRun): Promise<never> {
  const endsAt = () => windowEndsAt(run.state, run.policy.windowMs);
  for (;;) {
    await condition(() => endsAt() !== undefined && !isWindowOver(run));
    await sleep((endsAt() ?? 0) - Date.now(), { summary: 'window of the lead' });
  }
}

/** A person may send anything by hand; what is no message must not stop the lead. */
function eventsOf(message: LeadMessage | undefined): LeadEvent[] {
  return Array.isArray(message?.events) ? message.events.filter(isLeadEvent) : [];
}
