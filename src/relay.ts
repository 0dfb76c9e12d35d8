import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import type { LeadPolicy } from '../workflows/contract.ts';
import { claimLeads, completeLeads, postponeLead, type ClaimedLead, type RelayedLead } from './db/outbox.ts';
import { createImportPlaces } from './import-places.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { pauseUnlessAborted } from './pause.ts';
import { runUntilStopped } from './repeat-until-stopped.ts';
import { createOutageLog, type OutageLog } from './temporal/outage-log.ts';
import { tellLead } from './temporal/tell-lead.ts';
import { createTurns } from './turns.ts';

export type RelayDeps = {
  db: Knex;
  client: Client;
  policy: LeadPolicy;
  /** Whether leads may be started asleep; undefined while nobody knows yet, then clicks go out one by one. */
  mayStartAsleep: () => boolean | undefined;
  /** Whether Temporal's own queue is so long that a status has to wait in it; then no lead is woken by a click. */
  isQueueDeep: () => boolean;
  /** How many leads are relayed at the same time. */
  concurrency: number;
  /** How many calls for leads without a status there are at the same time while statuses come in. */
  clickConcurrency: number;
  /** How many leads with statuses from files are under way at the same time, until they are settled. */
  importConcurrency: number;
  /** How long a claimed lead is this relay's alone. */
  leaseMs: number;
  metrics: Pick<Metrics, 'relayed' | 'relaySeconds'>;
  log: Log;
  now?: () => number;
};

export type Relay = {
  /** Claims no more, and relays what it has claimed. */
  stop(): Promise<void>;
};

const POLL_MS = 50;
// A claim is one transaction, however many leads it brings. A busy relay therefore claims again when only this share of
// its calls is still under way, and not after each single call.
const REFILL_BELOW = 0.75;
// The rest of the places is for leads that owe a status: they need not wait until a call for a click has ended.
const CLICKS_SHARE = 0.75;
// While clicks have all their places, some of these become free before long.
const BUSY_POLL_MS = 20;
// So long after a status was relayed clicks stay behind: on a busy machine its steps in Temporal are done by then.
const STATUS_STEPS_MS = 2_000;
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 5_000;

/**
 * Relays committed events to the leads' workflows: one signal per lead, carrying all it owes, in order.
 * A lead is leased while it is under way, so there are never two calls for one lead; several relays share the work.
 */
export function startRelay(deps: RelayDeps): Relay {
  return runUntilStopped((stopAsked) => relayLeads(deps, stopAsked));
}

async function relayLeads(deps: RelayDeps, stopAsked: AbortSignal): Promise<void> {
  const { db, mayStartAsleep, concurrency, importConcurrency, leaseMs, log } = deps;
  const leaseId = randomUUID();
  const importPlaces = createImportPlaces(db, importConcurrency);
  // A lead that failed waits for its next claim, and that call is over before its lease is.
  const outages = createOutageLog(log, MAX_RETRY_MS + leaseMs, deps.now);
  const relayLead = createLeadRelay(deps, { leaseId, stopping: stopAsked, outages });
  const underWay = new Set<Promise<void>>();
  let clicksUnderWay = 0;

  while (!stopAsked.aborted) {
    const limit = concurrency - underWay.size;
    const clickPlaces = mayStartAsleep() === undefined ? 1 : Math.ceil(concurrency * CLICKS_SHARE);
    // The lease runs from the claim's beginning, however long that takes.
    const claimedAt = Date.now();
    const claimed = await claim(limit, Math.max(0, Math.min(limit, clickPlaces - clicksUnderWay)));
    for (const lead of claimed) track(lead, claimedAt);
    outages.tell();
    // The claim has left nothing behind but clicks that have no place. The next one waits a moment, so that it finds
    // more than a single lead.
    if (claimed.length < limit) await pause(clicksUnderWay < clickPlaces ? POLL_MS : BUSY_POLL_MS);
    while (underWay.size > concurrency * REFILL_BELOW) await Promise.race(underWay);
  }
  await Promise.all(underWay);

  async function claim(limit: number, clickLimit: number): Promise<ClaimedLead[]> {
    try {
      const bulkLimit = Math.min(limit, await importPlaces.countFree());
      return await claimLeads(db, { limit, clickLimit, bulkLimit, leaseMs, leaseId });
    } catch (error) {
      log.warn({ err: error }, 'The relay cannot claim leads; it tries again.');
      await pause(MIN_RETRY_MS);
      return [];
    }
  }

  function track(lead: ClaimedLead, claimedAt: number): void {
    const clicks = lead.owesStatus ? 0 : 1;
    clicksUnderWay += clicks;
    if (lead.isBulk) importPlaces.take(lead.leadId);
    const work = relayLead(lead, claimedAt).finally(() => {
      clicksUnderWay -= clicks;
      underWay.delete(work);
    });
    underWay.add(work);
  }

  async function pause(ms: number): Promise<void> {
    await pauseUnlessAborted(ms, stopAsked);
  }
}

/** The relay that has claimed them: its lease, the signal that stops it, and what it tells of Temporal's outages. */
type Claimant = { leaseId: string; stopping: AbortSignal; outages: OutageLog };

/** Relays one claimed lead, and notes in Postgres that this is done, or why it could not be. */
function createLeadRelay(deps: RelayDeps, claimant: Claimant): (lead: ClaimedLead, claimedAt: number) => Promise<void> {
  const { metrics, clickConcurrency, concurrency } = deps;
  // Temporal's store writes one thing after the other. Each of a status's many steps there waits behind all calls that
  // are open, so beside statuses clicks keep only a few open.
  let statusCalls = 0;
  let latestStatusAt = -Infinity;
  const isQuiet = () => statusCalls === 0 && performance.now() - latestStatusAt > STATUS_STEPS_MS;
  const clickTurns = createTurns(() => (isQuiet() ? concurrency : clickConcurrency));
  const note = createNoteWriter(deps, claimant);

  return async (lead, claimedAt) => {
    const stopTimer = metrics.relaySeconds.startTimer();
    const call = () => tell(deps, lead, claimedAt);
    const callForStatus = async () => {
      statusCalls++;
      await call().finally(() => {
        statusCalls--;
        latestStatusAt = performance.now();
      });
    };
    try {
      await (lead.owesStatus ? callForStatus() : clickTurns.take(call));
    } catch (error) {
      await giveBack(deps, claimant, { lead, error: error as Error });
      return;
    }
    stopTimer();
    claimant.outages.noteSuccess();
    metrics.relayed.inc({ result: 'relayed' });
    await note(lead);
  };
}

async function tell(
  { client, policy, mayStartAsleep, isQueueDeep, leaseMs }: RelayDeps,
  lead: ClaimedLead,
  claimedAt: number,
): Promise<void> {
  const { leadId, uptoSeq, events } = lead;
  if (events.at(-1)?.seq !== uptoSeq) throw new Error(`Lead ${leadId} owes event ${uptoSeq}, which is not there.`);
  // The call must be over before the lease is, or another relay could be calling for the same lead.
  await client.withDeadline(claimedAt + leaseMs / 2, () =>
    tellLead(client, lead, { policy, mayStartAsleep: mayStartAsleep() ?? false, mayWakeForPeople: !isQueueDeep() }),
  );
}

async function giveBack(
  { db, metrics, log }: RelayDeps,
  { leaseId, outages }: Claimant,
  { lead: { leadId, failures }, error }: { lead: ClaimedLead; error: Error },
): Promise<void> {
  metrics.relayed.inc({ result: 'failed' });
  const retryInMs = Math.min(MIN_RETRY_MS * 2 ** Math.min(failures, 10), MAX_RETRY_MS);
  if (!outages.noteFailure({ leadId, err: error })) {
    log.warn({ err: error, leadId, retryInMs }, 'A lead could not be relayed to Temporal; it stays owed.');
  }
  try {
    await postponeLead(db, { leadId, leaseId, retryInMs, error: error.message.slice(0, 500) });
  } catch (postponeError) {
    log.warn({ err: postponeError, leadId }, 'The lead is claimed again when its lease has run out.');
  }
}

/**
 * Notes in Postgres what has been relayed. While one note is being written further leads are relayed; the next note
 * then holds all of these. A lead's call counts as under way until its note is written.
 */
function createNoteWriter(
  { db, log }: RelayDeps,
  { leaseId, stopping }: Claimant,
): (lead: RelayedLead) => Promise<void> {
  const unnoted: RelayedLead[] = [];
  let writing: Promise<void> | undefined;

  return (lead) => {
    unnoted.push(lead);
    return (writing ??= writeAll());
  };

  async function writeAll(): Promise<void> {
    // Calls that ended at the same moment share a note.
    await Promise.resolve();
    while (unnoted.length > 0) {
      const batch = unnoted.splice(0);
      try {
        await completeLeads(db, leaseId, batch);
      } catch (error) {
        // Without the note these leads would stay leased and their next events would wait for the lease to run out.
        log.warn({ err: error, leads: batch.length }, 'Relayed leads could not be noted yet; trying again.');
        unnoted.unshift(...batch);
        if (stopping.aborted) break;
        await pauseUnlessAborted(MIN_RETRY_MS, stopping);
      }
    }
    // In the same turn as the last look: a lead that came in between would wait for a writer that has ended.
    writing = undefined;
  }
}
