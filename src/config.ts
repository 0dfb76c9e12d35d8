// The only reader of the environment. Every duration carries its unit in its name; docs/configuration.md lists them all.
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { TemporalTarget } from './temporal/connect.ts';
import { createAddressRules } from './outbound/address-rules.ts';

export const roles = ['api', 'relay', 'worker', 'migrate'] as const;
export type Role = (typeof roles)[number];

const MS_PER_SECOND = 1000;
const DAY_SECONDS = 24 * 60 * 60;
// Nobody means to wait for years: a larger number is a mistake in the unit.
const MAX_SECONDS = 1000 * DAY_SECONDS;

// R10 allows a partner 10 s in all, and an activity's own time-out is built on that.
const MAX_POSTBACK_TIMEOUT_SECONDS = 10;

const port = (standard: number) => z.coerce.number().int().min(0).max(65535).default(standard);
const seconds = (standard: number) => z.coerce.number().positive().max(MAX_SECONDS).default(standard);
const count = (standard: number) => z.coerce.number().int().positive().default(standard);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

/** The links we give out are made by appending to it. */
const origin = z
  .url({ protocol: /^https?$/ })
  .pipe(z.string().refine(isOrigin, 'give scheme, host and port without user, path, query or fragment'))
  .transform((url) => new URL(url).origin);

function isOrigin(url: string): boolean {
  const { username, password, pathname, search, hash } = new URL(url);
  return [username, password, search, hash].every((part) => part === '') && /^\/*$/.test(pathname);
}

function areCidrs(cidrs: string[]): boolean {
  try {
    createAddressRules({ allowCidrs: cidrs });
    return true;
  } catch {
    return false;
  }
}

const environment = z.object({
  NODE_ENV: z.string().optional(),
  ROLES: list.pipe(z.array(z.enum(roles)).min(1)).default([...roles]),
  PORT: port(3000),
  HOST: z.string().default('0.0.0.0'),
  OPS_PORT: port(3001),
  OPS_HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: origin.optional(),
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
  LEAD_WINDOW_SECONDS: seconds(14 * DAY_SECONDS),
  POSTBACK_ATTEMPTS: count(3),
  POSTBACK_INTERVAL_SECONDS: seconds(300),
  POSTBACK_TIMEOUT_SECONDS: z.coerce.number().positive().max(MAX_POSTBACK_TIMEOUT_SECONDS).default(10),
  POSTBACK_ALLOW_CIDRS: list.refine(areCidrs, 'give CIDRs such as 10.1.0.0/16, separated by commas').optional(),
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
  temporal: TemporalTarget;
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
  const nonEmpty = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(nonEmpty);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`Cannot start with this configuration.\n  ${problems.join('\n  ')}`);
  }
  const given = parsed.data;
  const isProduction = given.NODE_ENV === 'production';
  // Temporal's own environment configuration (a profile, a file) counts as a server of the user's.
  const hasTemporal = Boolean(given.TEMPORAL_ADDRESS ?? given.TEMPORAL_PROFILE ?? given.TEMPORAL_CONFIG_FILE);
  if (isProduction) requireInProduction(given, hasTemporal);
  return {
    isProduction,
    env,
    roles: given.ROLES,
    http: {
      host: given.HOST,
      port: given.PORT,
      publicUrl: given.PUBLIC_URL,
      trustProxy: readTrustProxy(given.TRUST_PROXY),
    },
    ops: { host: given.OPS_HOST, port: given.OPS_PORT, adminApiKey: given.ADMIN_API_KEY },
    database: {
      url: given.DATABASE_URL,
      poolSize: given.DATABASE_POOL_SIZE,
      statementTimeoutMs: given.DATABASE_STATEMENT_TIMEOUT_SECONDS * MS_PER_SECOND,
    },
    temporal: {
      isGiven: hasTemporal,
      address: given.TEMPORAL_ADDRESS,
      namespace: given.TEMPORAL_NAMESPACE,
      uiUrl: given.TEMPORAL_UI_URL,
    },
    leads: { secrets: given.LEAD_SECRET, windowMs: given.LEAD_WINDOW_SECONDS * MS_PER_SECOND },
    postbacks: {
      attempts: given.POSTBACK_ATTEMPTS,
      intervalMs: given.POSTBACK_INTERVAL_SECONDS * MS_PER_SECOND,
      timeoutMs: given.POSTBACK_TIMEOUT_SECONDS * MS_PER_SECOND,
      allowCidrs: given.POSTBACK_ALLOW_CIDRS,
    },
    catalogue: { pollMs: given.CATALOGUE_POLL_SECONDS * MS_PER_SECOND },
    relay: { concurrency: given.RELAY_CONCURRENCY, leaseMs: given.RELAY_LEASE_SECONDS * MS_PER_SECOND },
    worker: {
      cachedWorkflows: given.WORKER_CACHED_WORKFLOWS,
      concurrentWorkflowTasks: given.WORKER_CONCURRENT_WORKFLOW_TASKS,
      concurrentPostbacks: given.WORKER_CONCURRENT_POSTBACKS,
    },
    logLevel: given.LOG_LEVEL,
    embedded: {
      dataDir: resolve(given.DATA_DIR),
      postgresPort: given.POSTGRES_PORT,
      temporalPort: given.TEMPORAL_PORT,
      temporalUiPort: given.TEMPORAL_UI_PORT,
      receiverPort: given.DEMO_RECEIVER_PORT,
    },
  };
}

function requireInProduction(given: z.infer<typeof environment>, hasTemporal: boolean): void {
  const isApi = given.ROLES.includes('api');
  const missing = [
    ...(given.DATABASE_URL ? [] : ['DATABASE_URL']),
    ...(hasTemporal || given.ROLES.every((role) => role === 'migrate' || role === 'api') ? [] : ['TEMPORAL_ADDRESS']),
    ...(given.ADMIN_API_KEY || !isApi ? [] : ['ADMIN_API_KEY']),
    ...(given.LEAD_SECRET || !isApi ? [] : ['LEAD_SECRET']),
    ...(given.PUBLIC_URL || !isApi ? [] : ['PUBLIC_URL']),
  ];
  if (missing.length > 0) {
    throw new ConfigError(`In production these must be set: ${missing.join(', ')}. See docs/configuration.md.`);
  }
}

/** An exact hop count or a list of addresses; `true` would let any caller name his own address. */
function readTrustProxy(given: string | undefined): number | string | false {
  if (given === undefined || given === 'false') return false;
  // More hops than anybody has would trust everybody.
  if (/^\d{1,2}$/.test(given)) return Number(given);
  if (!given.split(',').every((entry) => isProxyRange(entry.trim()))) {
    throw new ConfigError(`TRUST_PROXY: give a hop count, CIDRs separated by commas, or false, not "${given}".`);
  }
  return given;
}

/** What Express can compile: an address, a CIDR that is not everybody, or one of its names for ranges. */
function isProxyRange(entry: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(entry)) return true;
  const [, address = '', bits] = /^([\da-f.:]+)(?:\/(\d{1,3}))?$/i.exec(entry) ?? [];
  const family = isIP(address);
  if (family === 0) return false;
  return bits === undefined || (Number(bits) >= 1 && Number(bits) <= (family === 6 ? 128 : 32));
}
