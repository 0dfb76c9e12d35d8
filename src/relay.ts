import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowIdReusePolicy } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { claimLeads, completeLeads, postponeLead, type ClaimedLead } from './db/outbox.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import {
  LEAD_WORKFLOW,
  TASK_QUEUE,
  leadEvents,
  leadWorkflowId,
  startAttributes,
  type LeadPolicy,
} from '../workflows/contract.ts';

export type RelayDeps = {
  db: Knex;
  client: Client;
  policy: LeadPolicy;
  /** How many leads are handed over at the same time. */
  concurrency: number;
  /** How long a claimed lead is this relay's alone. */
  leaseMs: number;
  metrics: Pick<Metrics, 'relayed' | 'relaySeconds'>;
  log: Log;
};

export type Relay = {
  /** Finishes the calls under way and gives the rest back. */
  stop(): Promise<void>;
};

const POLL_MS = 50;
// Claims are made in batches: a busy relay waits until this share of its slots is taken, not for each single one.
const REFILL_BELOW = 0.75;
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 5_000;

/**
 * Hands committed events over to the leads' workflows: one signalWithStart per lead, carrying all it owes, in order.
 * A lead is leased while it is under way, so there are never two calls for one lead; several relays share the work.
 */
export function startRelay({ db, client, policy, concurrency, leaseMs, metrics, log }: RelayDeps): Relay {
  const leaseId = randomUUID();
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  const handedOver: { leadId: string; uptoSeq: number }[] = [];
  let completing: Promise<void> | undefined;
  const running = run();

  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const limit = concurrency - underWay.size;
      const claimed = await claim(limit);
      for (const lead of claimed) track(relayLead(lead));
      // Whoever owed something has been found; a moment later there may be enough for a claim to be worth its cost.
      if (claimed.length < limit) await pause(POLL_MS);
      while (underWay.size > concurrency * REFILL_BELOW) await Promise.race(underWay);
    }
    await Promise.all(underWay);
    await completing;
  }

  async function claim(limit: number): Promise<ClaimedLead[]> {
    try {
      return await claimLeads(db, { limit, leaseMs, leaseId });
    } catch (error) {
      log.warn({ err: error }, 'The relay cannot claim leads; it tries again.');
      await pause(MIN_RETRY_MS);
      return [];
    }
  }

  async function relayLead(lead: ClaimedLead): Promise<void> {
    const { leadId, uptoSeq } = lead;
    const stopTimer = metrics.relaySeconds.startTimer();
    try {
      await signal(lead);
    } catch (error) {
      await giveBack(lead, error as Error);
      return;
    }
    stopTimer();
    metrics.relayed.inc({ result: 'handed_over' });
    handedOver.push({ leadId, uptoSeq });
    await complete();
  }

  async function signal({ leadId, uptoSeq, events }: ClaimedLead): Promise<void> {
    if (events.at(-1)?.seq !== uptoSeq) throw new Error(`Lead ${leadId} owes event ${uptoSeq}, which is not there.`);
    // The call must be over before the lease is, or another relay could be calling for the same lead.
    await client.withDeadline(Date.now() + leaseMs / 3, () =>
      client.workflow.signalWithStart(LEAD_WORKFLOW, {
        workflowId: leadWorkflowId(leadId),
        taskQueue: TASK_QUEUE,
        args: [{ leadId, policy }],
        signal: leadEvents,
        signalArgs: [{ events }],
        typedSearchAttributes: startAttributes(events),
        // A closed lead hears of a late status in a new run, which rebuilds itself from Postgres.
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      }),
    );
  }

  /** Notes what has been handed over: everything that gathered while the previous note was being written at once. */
  function complete(): Promise<void> {
    completing ??= (async () => {
      await Promise.resolve();
      while (handedOver.length > 0) {
        const batch = handedOver.splice(0);
        try {
          await completeLeads(db, leaseId, batch);
        } catch (error) {
          // Without the note these leads would stay leased and their next events would wait for the lease to run out.
          log.warn({ err: error, leads: batch.length }, 'Handed over leads could not be noted yet; trying again.');
          handedOver.unshift(...batch);
          if (stopping.signal.aborted) break;
          await pause(MIN_RETRY_MS);
        }
      }
      completing = undefined;
    })();
    return completing;
  }

  async function giveBack({ leadId, failures }: ClaimedLead, error: Error): Promise<void> {
    metrics.relayed.inc({ result: 'failed' });
    const retryInMs = Math.min(MIN_RETRY_MS * 2 ** Math.min(failures, 10), MAX_RETRY_MS);
    log.warn({ err: error, leadId, retryInMs }, 'A lead could not be handed over to Temporal; it stays owed.');
    try {
      await postponeLead(db, { leadId, leaseId, retryInMs, error: error.message.slice(0, 500) });
    } catch (postponeError) {
      log.warn({ err: postponeError, leadId }, 'The lead is claimed again when its lease has run out.');
    }
  }

  function track(work: Promise<void>): void {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  }

  async function pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  }
}
