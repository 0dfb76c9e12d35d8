// What the workflows, of leads and of long jobs, and everyone who talks to them agree upon. Only this file names a queue, a
// signal or a workflow id. What long jobs are given, and what they call, stands in long-jobs.ts.
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { LeadEvent } from '../src/domain/lead-event.ts';
import type { ConversionState, LeadState, Settlement } from '../src/domain/lead.ts';
import type { Holder } from '../src/domain/attribution.ts';
import type { Status } from '../src/domain/status.ts';

/** For the steps of leads and their postbacks. */
export const TASK_QUEUE = 'leads';
export const LEAD_WORKFLOW = 'lead';

export function leadWorkflowId(leadId: string): string {
  return `lead:${leadId}`;
}

/** Beside the queue of leads, for what only Postgres is asked: it has workers of its own, whom no partner can hold up. */
export function databaseTaskQueue(taskQueue: string): string {
  return `${taskQueue}-database`;
}

/**
 * For long jobs, such as replays, which have workers of their own: however much there is to do, no lead waits for it. It
 * keeps its first name, by which workflows that began earlier know it.
 */
export const JOB_TASK_QUEUE = 'replays';
/** There is something new: it is to go on, or to end. */
export const wakeJob = defineSignal('wake');

export const REPLAY_WORKFLOW = 'replay';

export function replayWorkflowId(replayId: string): string {
  return `replay:${replayId}`;
}

export const IMPORT_WORKFLOW = 'importFile';

export function importWorkflowId(importId: string): string {
  return `import:${importId}`;
}

// Nobody works on this queue: a relay only looks at what Temporal makes of its probe.
export const PROBE_TASK_QUEUE = 'relay-probe';
export const PROBE_WORKFLOW = 'relayProbe';
export const probeSignal = defineSignal('probe');

export function probeWorkflowId(probeId: string): string {
  return `relay-probe:${probeId}`;
}

/**
 * Given to a lead when it begins, and kept for its life: a change of the configuration reaches the leads that begin after
 * it. Waits are inputs, so that a test on a real clock can shorten them.
 */
export type LeadPolicy = {
  windowMs: number;
  postbackAttempts: number;
  /** From the end of one attempt to the start of the next. */
  postbackIntervalMs: number;
};

export type LeadInput = {
  leadId: string;
  policy: LeadPolicy;
  /** What a continued run carries over: the lead so far, the latest event it has heard of, and what it was sending. */
  state?: LeadState;
  knownSeq?: number;
  delivering?: DuePostback[];
  /** It was asked to look at Postgres, and has not yet. */
  recheck?: boolean;
};

/** How a lead ended: `expired` when no status came within its window, else its last status. */
export type LeadOutcome = { leadId: string; outcome: 'expired' | Status; appliedSeq: number };

// One signal only: two signal names would lose their mutual order.
export const leadEvents = defineSignal<[LeadMessage]>('leadEvents');

/** `recheck`: the lead is to look at Postgres for what it should have done long ago. */
export type LeadMessage = { events: LeadEvent[]; recheck?: boolean };

/** What people search leads by; `open` until the first status or the end of the window. */
export type LeadStatus = 'open' | 'expired' | Status;

export type LeadView = {
  leadId: string;
  appliedSeq: number;
  holder: Holder;
  status: LeadStatus;
  conversions: ConversionState[];
  delivering: { postbackId: string; partnerId: string; status: Status }[];
  openUntil: string | null;
};

export const leadQuery = defineQuery<LeadView>('lead');

/** A postback that is owed to a partner, and how many of its attempts are left. */
export type DuePostback = {
  postbackId: string;
  conversionId: string;
  /** The number of the status that it tells of; missing in postbacks of a run that an earlier version continued. */
  seq: number;
  partnerId: string;
  status: Status;
  /** R14: it goes to a partner who lost the lead, so no later status of the conversion concerns it. */
  isHandover: boolean;
  attemptsLeft: number;
};

/** How a postback ended; `lost` when Postgres does not have it, after a failover that lost its tail. */
export type DeliveryResult = 'delivered' | 'failed' | 'superseded' | 'skipped' | 'lost';

/** What came back from a partner. `delivered` means HTTP 200 and nothing else. */
export type AttemptOutcome = {
  delivered: boolean;
  httpStatus: number | null;
  error: string | null;
  location: string | null;
  responseBody: string | null;
  durationMs: number;
};

/** An attempt that was made but could not be written down, because the database was away at its end. */
export type UnrecordedAttempt = { attempt: number; outcome: AttemptOutcome };

/** `maxAttempts` counts all attempts of a postback; `intervalMs` runs from the end of one to the start of the next. */
export type PostbackCall = { postbackId: string; maxAttempts: number; intervalMs: number };

/** The activities a lead calls. Any may run twice: settling twice changes nothing, a delivery makes another attempt only if one is left. */
export type LeadActivities = {
  /**
   * Events after `afterSeq`, in order and without gaps; a page at a time, and none when Postgres has no more. Fails with
   * {@link EVENTS_MISSING}.
   */
  loadLeadEvents(input: { leadId: string; afterSeq: number }): Promise<LeadEvent[]>;
  /** What the statuses before `beforeSeq` made of a conversion; null when there was none. */
  loadConversion(input: { leadId: string; conversionId: string; beforeSeq: number }): Promise<ConversionState | null>;
  /**
   * Books or revokes the reward and writes the postbacks of one status; returns those still to be delivered. Fails with
   * {@link NOT_A_FACT}.
   */
  settle(input: { leadId: string; maxAttempts: number; settlement: Settlement }): Promise<DuePostback[]>;
  /** One attempt. Fails with {@link NOT_ACCEPTED}, {@link NOT_RECORDED} or {@link NOT_STARTED}. */
  deliverPostback(input: PostbackCall): Promise<{ result: DeliveryResult }>;
  /** What the lead should have done about its statuses up to `uptoSeq`, and has not, as Postgres knows it. */
  findUnfinished(input: {
    leadId: string;
    uptoSeq: number;
    maxAttempts: number;
  }): Promise<{ hasUnsettled: boolean; open: DuePostback[] }>;
  /** After a broken-off delivery: records what was left unrecorded and tells how the postback stands. */
  reviewPostback(
    input: PostbackCall & { unrecorded: UnrecordedAttempt | null },
  ): Promise<{ result: DeliveryResult } | { attemptsLeft: number; retryInMs: number }>;
};

export const PULL_WORKFLOW = 'pull';

/** The id of an advertiser's Schedule; with the time behind it, that of each workflow which it starts. */
export function pullScheduleId(advertiserId: string): string {
  return `pull:${advertiserId}`;
}

/** Failure type: the export did not come, or not whole, or it is no file of statuses. */
export const EXPORT_NOT_FETCHED = 'ExportNotFetched';

/** Also the id of the Schedule that starts it. */
export const RETENTION_WORKFLOW = 'retention';

/** Failure type: the partner did not answer 200. Retried by Temporal until the attempts are used up. */
export const NOT_ACCEPTED = 'PostbackNotAccepted';
/** Detail of {@link NOT_ACCEPTED} unless it was the last attempt that the postback has. */
export const MORE_ATTEMPTS_LEFT = 'MoreAttemptsLeft';
/** Failure type: the partner answered, but the answer could not be stored. Details: {@link UnrecordedAttempt}. */
export const NOT_RECORDED = 'AttemptNotRecorded';
/** Failure type: a failure of ours before the call was made. It uses up no attempt. */
export const NOT_STARTED = 'AttemptNotStarted';
/** Failure type: Postgres has later events of the lead, but not the next. */
export const EVENTS_MISSING = 'LeadEventsMissing';
/** Failure type: Postgres does not have the status that is to be settled, or not the touch by which its partner holds the lead. */
export const NOT_A_FACT = 'NotAFact';

export const searchAttributeKeys = {
  leadStatus: defineSearchAttributeKey('LeadStatus', 'KEYWORD'),
  linkedPartner: defineSearchAttributeKey('LinkedPartner', 'KEYWORD'),
  conversions: defineSearchAttributeKey('Conversions', 'KEYWORD_LIST'),
  advertisers: defineSearchAttributeKey('Advertisers', 'KEYWORD_LIST'),
  importState: defineSearchAttributeKey('ImportState', 'KEYWORD'),
} as const;

// Visibility stores cap the size of a list; the latest conversions are the ones people look for.
const MAX_LISTED = 20;

/** What people can search leads by. */
export function searchAttributesOf(lead: LeadState, status: LeadStatus): SearchAttributePair[] {
  const latest = lead.conversions.slice(-MAX_LISTED);
  return [
    { key: searchAttributeKeys.leadStatus, value: status },
    { key: searchAttributeKeys.linkedPartner, value: lead.holder?.partnerId ?? 'house' },
    { key: searchAttributeKeys.conversions, value: latest.map((conversion) => conversion.conversionId) },
    { key: searchAttributeKeys.advertisers, value: [...new Set(latest.map((conversion) => conversion.advertiserId))] },
  ];
}
