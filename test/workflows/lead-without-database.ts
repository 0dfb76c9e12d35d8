import { randomUUID } from 'node:crypto';
import type { LeadEvent } from '../../src/domain/lead-event.ts';
import type { Settlement } from '../../src/domain/lead.ts';
import {
  LEAD_WORKFLOW,
  leadEvents,
  leadWorkflowId,
  type LeadActivities,
  type LeadInput,
  type LeadOutcome,
} from '../../workflows/contract.ts';
import { sleepOptions, startAttributes } from '../../src/temporal/lead-start.ts';
import { policy } from '../support/policy.ts';
import { createTestLeadWorkers } from '../support/temporal/lead-workers.ts';
import type { TemporalConnection } from '../support/temporal/connection.ts';

type LeadOptions = {
  temporal: TemporalConnection;
  events: LeadEvent[];
  activities: LeadActivities;
  windowMs?: number;
  startsAsleep?: boolean;
};

/** Keeps what is settled in `settled`; each status makes one postback, which is delivered at once. */
export function createKeepingActivities(settled: Settlement[]): LeadActivities {
  return {
    loadLeadEvents: () => Promise.reject(new Error('nothing is missing')),
    loadConversion: () => Promise.reject(new Error('nothing is forgotten')),
    async settle({ settlement }) {
      settled.push(settlement);
      return Promise.resolve([
        {
          postbackId: `p${settlement.seq}`,
          conversionId: settlement.conversionId,
          seq: settlement.seq,
          partnerId: 'ann',
          status: settlement.status,
          isHandover: false,
          attemptsLeft: 3,
        },
      ]);
    },
    findUnfinished: () => Promise.resolve({ hasUnsettled: false, open: [] }),
    deliverPostback: () => Promise.resolve({ result: 'delivered' }),
    reviewPostback: () => Promise.reject(new Error('nothing was broken off')),
  };
}

/** Relays the events to a new lead on a task queue of its own; it goes on when a worker runs. */
export async function startLeadWith({ temporal, events: first, activities, ...options }: LeadOptions) {
  const { windowMs = policy.windowMs, startsAsleep = false } = options;
  const leadId = randomUUID();
  const taskQueue = `lead-${leadId}`;
  const { client, nativeConnection: connection } = temporal;
  const input: LeadInput = { leadId, policy: { ...policy, windowMs } };
  // Nothing sticks to a worker, so that another can take over at once.
  const createWorker = () =>
    createTestLeadWorkers({ connection, taskQueue, activities, limits: { cachedWorkflows: 0 } });
  /** As the relay does it: starts the lead, or wakes it. */
  const tell = (events: LeadEvent[]) =>
    client.workflow.signalWithStart<(input: LeadInput) => Promise<LeadOutcome>, [{ events: LeadEvent[] }]>(
      LEAD_WORKFLOW,
      {
        workflowId: leadWorkflowId(leadId),
        taskQueue,
        args: [input],
        signal: leadEvents,
        signalArgs: [{ events }],
        typedSearchAttributes: startAttributes(events),
        ...(startsAsleep && sleepOptions(events, input.policy)),
      },
    );
  const handle = await tell(first);
  return { handle, createWorker, tell };
}
