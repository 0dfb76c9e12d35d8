// The variables of the environment and what each may be; docs/configuration.md lists them all.
import { isIP } from 'node:net';
import { z } from 'zod';
import { createAddressRules } from './outbound/address-rules.ts';

export const roles = ['api', 'relay', 'worker', 'migrate'] as const;

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

/** A hop count or a list of addresses; `true` would let any caller name an address of its own choice. */
const trustProxy = z.string().transform((text, context): number | string | false => {
  if (text === 'false') return false;
  // More hops than anybody has would trust everybody.
  if (/^\d{1,2}$/.test(text)) return Number(text);
  if (text.split(',').every((entry) => isProxyRange(entry.trim()))) return text;
  context.addIssue(`give a hop count, CIDRs separated by commas, or false, not "${text}"`);
  return z.NEVER;
});

/** What Express can compile: an address, a CIDR that is not everybody, or one of its names for ranges. */
function isProxyRange(entry: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(entry)) return true;
  const [, address = '', bits] = /^([\da-f.:]+)(?:\/(\d{1,3}))?$/i.exec(entry) ?? [];
  const family = isIP(address);
  if (family === 0) return false;
  return bits === undefined || (Number(bits) >= 1 && Number(bits) <= (family === 6 ? 128 : 32));
}

function areCidrs(cidrs: string[]): boolean {
  try {
    createAddressRules({ allowCidrs: cidrs });
    return true;
  } catch {
    return false;
  }
}

export const environment = z.object({
  NODE_ENV: z.string().optional(),
  ROLES: list.pipe(z.array(z.enum(roles)).min(1)).default([...roles]),
  PORT: port(3000),
  HOST: z.string().default('0.0.0.0'),
  OPS_PORT: port(3001),
  OPS_HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: origin.optional(),
  TRUST_PROXY: trustProxy.default(false),
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
