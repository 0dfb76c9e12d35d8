// The only reader of the environment. Every duration carries its unit in its name.
import { resolve } from 'node:path';
import type { z } from 'zod';
import { environment, type roles } from './environment.ts';
import { findCarelessRanges } from './outbound/careless-ranges.ts';
import { findTemporal } from './temporal/target.ts';

export type Role = (typeof roles)[number];

/** What the environment says. What it leaves out, and what has no standard value, is undefined. */
export type GivenConfig = ReturnType<typeof readConfig>;

/** What the program runs with: what is given, and what the embedded default provides in place of the rest. */
export type Config = ReturnType<typeof completeConfig>;

/** What stands in for the variables that are left out; nothing in production. */
export type Provided = {
  databaseUrl?: string | undefined;
  temporalAddress?: string | undefined;
  temporalUiUrl?: string | undefined;
  adminApiKey?: string;
  leadSecrets?: string[];
  pullHeaderKeys?: string[];
  allowCidrs?: string[];
};

const MS_PER_SECOND = 1000;
const DAY_SECONDS = 24 * 60 * 60;
// Where it is not said how many postbacks of one partner a worker has under way: four that hang leave room for the others.
const PARTNERS_TO_FILL_A_WORKER = 5;

/** Variables that cannot be used; the message names each one and what it must be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const variables = parseVariables(env);
  const isProduction = variables.NODE_ENV === 'production';
  // Temporal's own environment configuration (a profile, a file) counts as a server of the user's.
  const hasTemporal = [variables.TEMPORAL_ADDRESS, variables.TEMPORAL_PROFILE, variables.TEMPORAL_CONFIG_FILE].some(
    Boolean,
  );
  if (isProduction) requireInProduction(variables, hasTemporal);
  return {
    isProduction,
    env,
    roles: variables.ROLES,
    http: {
      host: variables.HOST,
      port: variables.PORT,
      publicUrl: variables.PUBLIC_URL,
      trustProxy: variables.TRUST_PROXY,
      drainMs: msOf(variables.SHUTDOWN_DRAIN_SECONDS),
    },
    ops: {
      host: variables.OPS_HOST,
      port: variables.OPS_PORT,
      adminApiKey: variables.ADMIN_API_KEY,
      allowedHosts: variables.OPS_ALLOWED_HOSTS,
      sessionMs: msOf(variables.OPS_SESSION_SECONDS),
    },
    database: {
      url: variables.DATABASE_URL,
      poolSize: variables.DATABASE_POOL_SIZE,
      statementTimeoutMs: msOf(variables.DATABASE_STATEMENT_TIMEOUT_SECONDS),
    },
    temporal: {
      isGiven: hasTemporal,
      address: variables.TEMPORAL_ADDRESS,
      namespace: variables.TEMPORAL_NAMESPACE,
      uiUrl: variables.TEMPORAL_UI_URL,
    },
    leads: { secrets: variables.LEAD_SECRET, windowMs: msOf(variables.LEAD_WINDOW_SECONDS) },
    postbacks: {
      attempts: variables.POSTBACK_ATTEMPTS,
      intervalMs: msOf(variables.POSTBACK_INTERVAL_SECONDS),
      timeoutMs: msOf(variables.POSTBACK_TIMEOUT_SECONDS),
      allowCidrs: variables.POSTBACK_ALLOW_CIDRS,
    },
    endpoints: {
      failingAfter: variables.ENDPOINT_FAILING_AFTER,
      canaryIntervalMs: msOf(variables.CANARY_INTERVAL_SECONDS),
    },
    advertisers: { silentAfterHours: variables.ADVERTISER_SILENT_AFTER_HOURS },
    fraud: {
      intervalMs: msOf(variables.FLAGGING_INTERVAL_SECONDS),
      limits: {
        fastStatusMs: msOf(variables.FRAUD_FAST_STATUS_SECONDS),
        lateTouchMs: msOf(variables.FRAUD_LATE_TOUCH_SECONDS),
        burstLeads: variables.FRAUD_BURST_LEADS,
        burstMs: msOf(variables.FRAUD_BURST_SECONDS),
        linkVisitors: variables.FRAUD_LINK_VISITORS,
      },
    },
    retention: {
      intervalMs: msOf(variables.RETENTION_INTERVAL_SECONDS),
      days: {
        botVisits: variables.BOT_VISITS_RETENTION_DAYS,
        statusCalls: variables.STATUS_CALLS_RETENTION_DAYS,
        responseBodies: variables.RESPONSE_BODIES_RETENTION_DAYS,
        importFiles: variables.IMPORT_FILES_RETENTION_DAYS,
        visitorHashes: daysOfHashes(variables),
        touches: variables.FACTS_RETENTION_DAYS,
      },
    },
    console: { sessionMs: msOf(variables.CONSOLE_SESSION_SECONDS) },
    partners: { testsPerMinute: variables.PARTNER_TESTS_PER_MINUTE },
    imports: { maxRows: variables.IMPORT_MAX_ROWS, maxMegabytes: variables.IMPORT_MAX_MEGABYTES },
    pulls: {
      timeoutMs: msOf(variables.PULL_TIMEOUT_SECONDS),
      headerKeys: variables.PULL_HEADERS_KEY,
      unknownRowsKept: variables.PULL_UNKNOWN_ROWS,
    },
    catalogue: { pollMs: msOf(variables.CATALOGUE_POLL_SECONDS) },
    ...readLoad(variables),
    logLevel: variables.LOG_LEVEL,
    embedded: {
      dataDir: resolve(variables.DATA_DIR),
      postgresPort: variables.POSTGRES_PORT,
      temporalPort: variables.TEMPORAL_PORT,
      temporalUiPort: variables.TEMPORAL_UI_PORT,
      receiverPort: variables.DEMO_RECEIVER_PORT,
    },
  };
}

/** Hashes of visitors are dropped after the window, or sooner; those of a day stay, for flags are made behind statuses. */
function daysOfHashes({ VISITOR_HASHES_RETENTION_DAYS: given, LEAD_WINDOW_SECONDS: window }: Variables): number {
  const most = Math.max(1, window / DAY_SECONDS);
  return Math.min(given ?? most, most);
}

/** How much the relays and workers do at a time, and how often. */
function readLoad(variables: Variables) {
  return {
    relay: {
      concurrency: variables.RELAY_CONCURRENCY,
      clickConcurrency: variables.RELAY_CLICK_CONCURRENCY,
      importConcurrency: variables.RELAY_IMPORT_CONCURRENCY,
      leaseMs: msOf(variables.RELAY_LEASE_SECONDS),
    },
    sweep: {
      intervalMs: msOf(variables.SWEEP_INTERVAL_SECONDS),
      marginMs: msOf(variables.SWEEP_MARGIN_SECONDS),
      importRowsPerSecond: variables.IMPORT_SETTLED_ROWS_PER_SECOND,
    },
    counting: { intervalMs: msOf(variables.COUNTING_INTERVAL_SECONDS) },
    ledgerCheck: {
      intervalMs: msOf(variables.LEDGER_CHECK_INTERVAL_SECONDS),
      timeoutMs: msOf(variables.LEDGER_CHECK_TIMEOUT_SECONDS),
    },
    worker: {
      cachedWorkflows: variables.WORKER_CACHED_WORKFLOWS,
      concurrentWorkflowTasks: variables.WORKER_CONCURRENT_WORKFLOW_TASKS,
      concurrentPostbacks: variables.WORKER_CONCURRENT_POSTBACKS,
      concurrentPostbacksPerPartner:
        variables.WORKER_CONCURRENT_POSTBACKS_PER_PARTNER ??
        Math.ceil(variables.WORKER_CONCURRENT_POSTBACKS / PARTNERS_TO_FILL_A_WORKER),
    },
    replays: {
      concurrentReplays: variables.WORKER_CONCURRENT_REPLAYS,
      concurrentPostbacks: variables.REPLAY_CONCURRENT_POSTBACKS,
    },
  };
}

/**
 * What is given wins. The admin key and the secrets of leads are empty in a process without the role api; the keys of pulls'
 * headers where no headers are kept.
 */
export function completeConfig(given: GivenConfig, provided: Provided = {}) {
  const { env, database, temporal, ops, leads, postbacks, pulls } = given;
  return {
    ...given,
    database: { ...database, url: database.url ?? provided.databaseUrl ?? '' },
    temporal: {
      target: findTemporal(env, temporal.address ?? provided.temporalAddress, temporal.namespace),
      uiUrl: temporal.uiUrl ?? provided.temporalUiUrl ?? null,
    },
    ops: { ...ops, adminApiKey: ops.adminApiKey ?? provided.adminApiKey ?? '' },
    leads: { ...leads, secrets: leads.secrets ?? provided.leadSecrets ?? [] },
    pulls: { ...pulls, headerKeys: pulls.headerKeys ?? provided.pullHeaderKeys ?? [] },
    postbacks: { ...postbacks, allowCidrs: postbacks.allowCidrs ?? provided.allowCidrs ?? [] },
  };
}

/** A whole number, which the product itself need not be: 1.005 * 1000 is a little less than 1005. */
function msOf(seconds: number): number {
  return Math.round(seconds * MS_PER_SECOND);
}

type Variables = z.infer<typeof environment>;

function parseVariables(env: NodeJS.ProcessEnv): Variables {
  const nonEmpty = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(nonEmpty);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new ConfigError(`Cannot start with this configuration.\n  ${problems.join('\n  ')}`);
}

function requireInProduction(variables: Variables, hasTemporal: boolean): void {
  const isApi = variables.ROLES.includes('api');
  const missing = [
    ...(variables.DATABASE_URL ? [] : ['DATABASE_URL']),
    ...(hasTemporal || !variables.ROLES.some((role) => role === 'relay' || role === 'worker')
      ? []
      : ['TEMPORAL_ADDRESS']),
    ...(variables.ADMIN_API_KEY || !isApi ? [] : ['ADMIN_API_KEY']),
    ...(variables.LEAD_SECRET || !isApi ? [] : ['LEAD_SECRET']),
    ...(variables.PUBLIC_URL || !isApi ? [] : ['PUBLIC_URL']),
  ];
  if (missing.length > 0) {
    throw new ConfigError(`In production these must be set: ${missing.join(', ')}. See docs/configuration.md.`);
  }
  refuseCarelessRanges(variables.POSTBACK_ALLOW_CIDRS ?? []);
}

function refuseCarelessRanges(allowCidrs: string[]): void {
  const careless = findCarelessRanges(allowCidrs);
  if (careless.length > 0) {
    throw new ConfigError(
      `POSTBACK_ALLOW_CIDRS: ${careless.join('; ')}. Partners choose where postbacks go: in production give narrower ranges, or single addresses.`,
    );
  }
}
