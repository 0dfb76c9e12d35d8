// The variables that hold a number: its default, and the range it may have with the reason of each bound.
// docs/configuration.md shows them all.
import { z } from 'zod';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 60 * MINUTE_SECONDS;
const DAY_SECONDS = 24 * HOUR_SECONDS;

export const numberVariables = {
  PORT: port(3000),
  OPS_PORT: port(3001),
  POSTGRES_PORT: port(5440),
  TEMPORAL_PORT: port(7233),
  TEMPORAL_UI_PORT: port(8233),
  DEMO_RECEIVER_PORT: port(3002),

  // Balancers look every few seconds; nothing that starts and stops processes waits longer than minutes for an end.
  SHUTDOWN_DRAIN_SECONDS: seconds({ standard: 5, least: 0, most: 5 * MINUTE_SECONDS }),

  // Postgres itself takes 100 connections unless told otherwise, and all processes share them.
  DATABASE_POOL_SIZE: wholeNumber({ standard: 10, least: 1, most: 500 }),
  // Below, healthy statements would be ended; above, nobody who called is still waiting.
  DATABASE_STATEMENT_TIMEOUT_SECONDS: seconds({ standard: 5, least: 0.1, most: MINUTE_SECONDS }),

  // A cookie counts whole seconds, and browsers keep none for more than 400 days: a lead open for longer would never be
  // found again.
  LEAD_WINDOW_SECONDS: seconds({ standard: 14 * DAY_SECONDS, least: 1, most: 400 * DAY_SECONDS }),
  // More would be no attempts but an attack on a partner's server.
  POSTBACK_ATTEMPTS: wholeNumber({ standard: 3, least: 1, most: 100 }),
  // A pause in which a server could recover at all; a postback that comes weeks later is news to nobody.
  POSTBACK_INTERVAL_SECONDS: seconds({ standard: 5 * MINUTE_SECONDS, least: 0.1, most: 7 * DAY_SECONDS }),
  // No server far away answers faster; R10 allows 10 s in all, and an activity's own time-out is built on that.
  POSTBACK_TIMEOUT_SECONDS: seconds({ standard: 10, least: 0.1, most: 10 }),

  // Above, a forgotten browser would stay signed in for ever.
  CONSOLE_SESSION_SECONDS: seconds({ standard: 14 * DAY_SECONDS, least: 1, most: 90 * DAY_SECONDS }),
  // A working day; above a week, a key's rights would outlive what anybody remembers of it in some browser.
  OPS_SESSION_SECONDS: seconds({ standard: 12 * HOUR_SECONDS, least: 1, most: 7 * DAY_SECONDS }),
  // Without any, nobody could try settings; above, a partner could have us flood a stranger's server.
  PARTNER_TESTS_PER_MINUTE: wholeNumber({ standard: 10, least: 1, most: 1000 }),

  // One failure is an accident of the network; with more, a partner would hear of a broken endpoint when the day is lost.
  ENDPOINT_FAILING_AFTER: wholeNumber({ standard: 10, least: 1, most: 1000 }),
  // Below, an advertiser who reports once a day would be silent each day; above, its windows have ended meanwhile.
  ADVERTISER_SILENT_AFTER_HOURS: wholeNumber({ standard: 36, least: 25, most: 336 }),
  // Below, a call could be gone before its window is; above, nobody would be asked about it any more.
  STATUS_CALLS_RETENTION_DAYS: wholeNumber({ standard: 365, least: 30, most: 3650 }),
  // What partners and ops still look into when something is odd; beyond years, nobody does.
  RESPONSE_BODIES_RETENTION_DAYS: wholeNumber({ standard: 365, least: 1, most: 3650 }),
  IMPORT_FILES_RETENTION_DAYS: wholeNumber({ standard: 90, least: 1, most: 3650 }),
  BOT_VISITS_RETENTION_DAYS: wholeNumber({ standard: 90, least: 1, most: 3650 }),
  // They serve flags of conversions, so they go with the window when this is not given, and never later.
  VISITOR_HASHES_RETENTION_DAYS: wholeNumberIfGiven({ least: 1, most: 400 }),
  // Off when it is not given. Below, late statuses and questions about them are still common.
  FACTS_RETENTION_DAYS: wholeNumberIfGiven({ least: 30, most: 3650 }),
  // Each run costs a few statements; above a day, what is to be gone would stay noticeably longer than promised.
  RETENTION_INTERVAL_SECONDS: seconds({ standard: HOUR_SECONDS, least: 10, most: DAY_SECONDS }),
  // A flag too many costs a look, so each may be far off; 0 flags none but what happened before its click.
  FRAUD_FAST_STATUS_SECONDS: seconds({ standard: 10, least: 0, most: HOUR_SECONDS }),
  FRAUD_LATE_TOUCH_SECONDS: seconds({ standard: 60, least: 1, most: DAY_SECONDS }),
  // Below, every family and office would be flagged.
  FRAUD_BURST_LEADS: wholeNumber({ standard: 30, least: 3, most: 10_000 }),
  FRAUD_BURST_SECONDS: seconds({ standard: 10 * MINUTE_SECONDS, least: 1, most: DAY_SECONDS }),
  // Below, whoever goes on at another device would be flagged.
  FRAUD_LINK_VISITORS: wholeNumber({ standard: 5, least: 3, most: 10_000 }),
  FLAGGING_INTERVAL_SECONDS: seconds({ standard: 30, least: 0.05, most: HOUR_SECONDS }),
  // Below, it would be an attack on a server that is in trouble already; above, nobody would call it noticing.
  CANARY_INTERVAL_SECONDS: seconds({ standard: 5 * MINUTE_SECONDS, least: 1, most: DAY_SECONDS }),

  // Below, each process would ask over twenty times a second; above, a paused offer would go on for hours. No timer of Node
  // can wait longer than 2^31 - 1 ms: it takes anything longer for 1 ms.
  CATALOGUE_POLL_SECONDS: seconds({ standard: 1, least: 0.05, most: HOUR_SECONDS }),
  // All calls of a relay share one connection to Temporal, where more would only wait in another queue.
  RELAY_CONCURRENCY: wholeNumber({ standard: 64, least: 1, most: 1000 }),
  RELAY_CLICK_CONCURRENCY: wholeNumber({ standard: 2, least: 1, most: 1000 }),
  RELAY_IMPORT_CONCURRENCY: wholeNumber({ standard: 16, least: 1, most: 1000 }),
  // A call to Temporal has half of it; the leads of a killed relay wait for all of it.
  RELAY_LEASE_SECONDS: seconds({ standard: 15, least: 3, most: HOUR_SECONDS }),
  // Each sweep costs a few look-ups; beyond an hour nobody would call it soon.
  SWEEP_INTERVAL_SECONDS: seconds({ standard: MINUTE_SECONDS, least: 0.05, most: HOUR_SECONDS }),
  // Below, leads that are merely slow would be asked all the time; above, a partner has noticed long ago.
  SWEEP_MARGIN_SECONDS: seconds({ standard: 2 * MINUTE_SECONDS, least: 0.05, most: DAY_SECONDS }),
  // A small Temporal on two cores takes about thirty leads a second all the way; a million rows then take half a day. Below,
  // a large file would hide for a day that nothing is settled; above, no store of Temporal's is as fast.
  IMPORT_SETTLED_ROWS_PER_SECOND: wholeNumber({ standard: 20, least: 1, most: 10_000 }),
  // Each step costs a few statements; beyond minutes, whoever looks at figures would have them read fact by fact.
  COUNTING_INTERVAL_SECONDS: seconds({ standard: 15, least: 0.05, most: HOUR_SECONDS }),
  // Below, the relays would do little else on a large ledger; above, a mistake would be paid out before anybody hears of it.
  LEDGER_CHECK_INTERVAL_SECONDS: seconds({ standard: HOUR_SECONDS, least: 1, most: DAY_SECONDS }),
  // Some twenty seconds for a million of rewards on two busy cores. Meanwhile counting waits.
  LEDGER_CHECK_TIMEOUT_SECONDS: seconds({ standard: 5 * MINUTE_SECONDS, least: 1, most: HOUR_SECONDS }),
  // Each takes about a quarter of a MiB: with the standard a worker fits into 512 MB; the most is what 5 GB hold.
  WORKER_CACHED_WORKFLOWS: wholeNumber({ standard: 500, least: 1, most: 20_000 }),
  // The SDK needs two for a cache: one for new leads, one for those it remembers. More only wait for a core.
  WORKER_CONCURRENT_WORKFLOW_TASKS: wholeNumber({ standard: 20, least: 2, most: 1000 }),
  // Each may hold a socket, and most systems give a process some thousands.
  WORKER_CONCURRENT_POSTBACKS: wholeNumber({ standard: 1000, least: 1, most: 10_000 }),
  // More than all would bound nobody. Its default depends on the number of all.
  WORKER_CONCURRENT_POSTBACKS_PER_PARTNER: wholeNumberIfGiven({ least: 1, most: 10_000 }),
  // Each holds a place all the time, and gives it to another one every fifteen seconds. Each keeps up to 2,000 postbacks in
  // memory, about two MB.
  WORKER_CONCURRENT_REPLAYS: wholeNumber({ standard: 30, least: 1, most: 1000 }),
  // As many as there are sockets to one origin: a further call would wait for one, and its time would run meanwhile.
  REPLAY_CONCURRENT_POSTBACKS: wholeNumber({ standard: 128, least: 1, most: 128 }),
  // What it takes to deal with more is fine, but whoever sends it in one piece begins anew when anything breaks.
  IMPORT_MAX_ROWS: wholeNumber({ standard: 1_000_000, least: 1, most: 10_000_000 }),
  // Kept in Postgres as long as the import is; a row of the usual columns takes about 100 bytes.
  IMPORT_MAX_MEGABYTES: wholeNumber({ standard: 250, least: 1, most: 5000 }),
  // For a whole export. Below, a large one would never come; Temporal gives the activity half an hour.
  PULL_TIMEOUT_SECONDS: seconds({ standard: 5 * MINUTE_SECONDS, least: 1, most: 25 * MINUTE_SECONDS }),
  // Enough to see what is wrong with an export. Above, one of invented ids, pulled every few minutes, would fill the database.
  PULL_UNKNOWN_ROWS: wholeNumber({ standard: 1000, least: 0, most: 100_000 }),
};

type Bounds = { least: number; most: number };
type Range = Bounds & { standard: number };

/** 0 takes any free port. */
function port(standard: number) {
  return wholeNumber({ standard, least: 0, most: 65_535 });
}

function wholeNumber({ standard, ...range }: Range) {
  return aWholeNumber(range).default(standard);
}

function wholeNumberIfGiven(range: Bounds) {
  return aWholeNumber(range).optional();
}

function aWholeNumber(range: Bounds) {
  return numberLike(/^\d+$/, range, `give a whole number from ${range.least} to ${range.most}`);
}

/** What is finer than a millisecond no timer knows and no statement takes. */
function seconds({ standard, ...range }: Range) {
  const wanted = `give seconds from ${range.least} to ${range.most}, with at most three decimals`;
  return numberLike(/^\d+(\.\d{1,3})?$/, range, wanted).default(standard);
}

function numberLike(pattern: RegExp, { least, most }: Bounds, wanted: string) {
  const isUsable = (text: string) => pattern.test(text) && Number(text) >= least && Number(text) <= most;
  return z
    .string()
    .trim()
    .refine(isUsable, { error: ({ input }) => `${wanted}, not "${String(input)}"` })
    .transform(Number);
}
