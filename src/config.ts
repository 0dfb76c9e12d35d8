// The only reader of the environment. Every number carries its unit in its name; the README lists them all.
import { resolve } from 'node:path';
import type { ConnectionOptions } from '@temporalio/client';
import { z } from 'zod';

export const roles = ['api', 'relay', 'worker', 'migrate'] as const;
export type Role = (typeof roles)[number];

const SECOND = 1000;
const DAY = 24 * 60 * 60;

// R10 allows a partner 10 s in all, and an activity's own time-out is built on that.
const MAX_POSTBACK_TIMEOUT_SECONDS = 10;

const port = (standard: number) => z.coerce.number().int().min(0).max(65535).default(standard);
const seconds = (standard: number) =>
  z.coerce
    .number()
    .positive()
    .max(1000 * DAY)
    .default(standard);
const count = (standard: number) => z.coerce.number().int().positive().default(standard);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const environment = z.object({
  NODE_ENV: z.string().optional(),
  ROLES: list.pipe(z.array(z.enum(roles)).min(1)).default([...roles]),
  PORT: port(3000),
  HOST: z.string().default('0.0.0.0'),
  OPS_PORT: port(3001),
  OPS_HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  TRUST_PROXY: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  DATABASE_POOL_SIZE: count(10),
  DATABASE_STATEMENT_TIMEOUT_SECONDS: seconds(5),
  TEMPORAL_ADDRESS: z.string().optional(),
  TEMPORAL_NAMESPACE: z.string().optional(),
  TEMPORAL_PROFILE: z.string().optional(),
  TEMPORAL_CONFIG_FILE: z.string().optional(),
  TEMPORAL_UI_URL: z.url().optional(),
  ADMIN_API_KEY: z.string().min(16).optional(),
  LEAD_SECRET: list.pipe(z.array(z.string().min(16)).min(1)).optional(),
  LEAD_WINDOW_SECONDS: seconds(14 * DAY),
  POSTBACK_ATTEMPTS: count(3),
  POSTBACK_INTERVAL_SECONDS: seconds(300),
  POSTBACK_TIMEOUT_SECONDS: z.coerce.number().positive().max(MAX_POSTBACK_TIMEOUT_SECONDS).default(10),
  POSTBACK_ALLOW_CIDRS: list.optional(),
  CATALOGUE_POLL_SECONDS: seconds(1),
  RELAY_CONCURRENCY: count(64),
  RELAY_LEASE_SECONDS: seconds(30),
  WORKER_CACHED_WORKFLOWS: count(2000),
  WORKER_CONCURRENT_WORKFLOW_TASKS: count(100),
  WORKER_CONCURRENT_POSTBACKS: count(1000),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  DATA_DIR: z.string().default('.data'),
  POSTGRES_PORT: port(5440),
  TEMPORAL_PORT: port(7233),
  TEMPORAL_UI_PORT: port(8233),
  DEMO_RECEIVER_PORT: port(3002),
});

export type Config = ReturnType<typeof readConfig>;

/** The configuration together with what the embedded default provides where it leaves something out. */
export type Settings = {
  config: Config;
  databaseUrl: string;
  temporal: { connectionOptions: ConnectionOptions; namespace: string };
  temporalUiUrl: string | null;
  /** This and `leadSecrets` are empty in a process without the role api. */
  adminApiKey: string;
  leadSecrets: string[];
  allowCidrs: string[];
};

/** A setting that cannot be used; its message names each variable and what it must be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`Cannot start with this configuration.\n  ${problems.join('\n  ')}`);
  }
  const e = parsed.data;
  const isProduction = e.NODE_ENV === 'production';
  // Temporal's own environment configuration (a profile, a file) counts as a server of the user's.
  const hasTemporal = Boolean(e.TEMPORAL_ADDRESS ?? e.TEMPORAL_PROFILE ?? e.TEMPORAL_CONFIG_FILE);
  if (isProduction) requireInProduction(e, hasTemporal);
  return {
    isProduction,
    env,
    roles: e.ROLES,
    http: { host: e.HOST, port: e.PORT, publicUrl: e.PUBLIC_URL, trustProxy: readTrustProxy(e.TRUST_PROXY) },
    ops: { host: e.OPS_HOST, port: e.OPS_PORT, adminApiKey: e.ADMIN_API_KEY },
    database: {
      url: e.DATABASE_URL,
      poolSize: e.DATABASE_POOL_SIZE,
      statementTimeoutMs: e.DATABASE_STATEMENT_TIMEOUT_SECONDS * SECOND,
    },
    temporal: {
      isGiven: hasTemporal,
      address: e.TEMPORAL_ADDRESS,
      namespace: e.TEMPORAL_NAMESPACE,
      uiUrl: e.TEMPORAL_UI_URL,
    },
    leads: { secrets: e.LEAD_SECRET, windowMs: e.LEAD_WINDOW_SECONDS * SECOND },
    postbacks: {
      attempts: e.POSTBACK_ATTEMPTS,
      intervalMs: e.POSTBACK_INTERVAL_SECONDS * SECOND,
      timeoutMs: e.POSTBACK_TIMEOUT_SECONDS * SECOND,
      allowCidrs: e.POSTBACK_ALLOW_CIDRS,
    },
    catalogue: { pollMs: e.CATALOGUE_POLL_SECONDS * SECOND },
    relay: { concurrency: e.RELAY_CONCURRENCY, leaseMs: e.RELAY_LEASE_SECONDS * SECOND },
    worker: {
      cachedWorkflows: e.WORKER_CACHED_WORKFLOWS,
      concurrentWorkflowTasks: e.WORKER_CONCURRENT_WORKFLOW_TASKS,
      concurrentPostbacks: e.WORKER_CONCURRENT_POSTBACKS,
    },
    logLevel: e.LOG_LEVEL,
    embedded: {
      dataDir: resolve(e.DATA_DIR),
      postgresPort: e.POSTGRES_PORT,
      temporalPort: e.TEMPORAL_PORT,
      temporalUiPort: e.TEMPORAL_UI_PORT,
      receiverPort: e.DEMO_RECEIVER_PORT,
    },
  };
}

function requireInProduction(e: z.infer<typeof environment>, hasTemporal: boolean): void {
  const isApi = e.ROLES.includes('api');
  const missing = [
    ...(e.DATABASE_URL ? [] : ['DATABASE_URL']),
    ...(hasTemporal || e.ROLES.every((role) => role === 'migrate' || role === 'api') ? [] : ['TEMPORAL_ADDRESS']),
    ...(e.ADMIN_API_KEY || !isApi ? [] : ['ADMIN_API_KEY']),
    ...(e.LEAD_SECRET || !isApi ? [] : ['LEAD_SECRET']),
    ...(e.PUBLIC_URL || !isApi ? [] : ['PUBLIC_URL']),
  ];
  if (missing.length > 0) {
    throw new ConfigError(
      `In production these must be set: ${missing.join(', ')}. See the configuration table in README.md.`,
    );
  }
}

/** An exact hop count or a list of addresses; `true` would let any caller name his own address. */
function readTrustProxy(given: string | undefined): number | string | false {
  if (given === undefined) return false;
  if (given === 'true') throw new ConfigError('TRUST_PROXY: give a hop count or CIDRs, never "true".');
  return /^\d+$/.test(given) ? Number(given) : given;
}
