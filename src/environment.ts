// The variables of the environment and what each may be; docs/configuration.md lists them all.
import { isIP } from 'node:net';
import { z } from 'zod';
import { numberVariables } from './number-variables.ts';
import { createAddressRules } from './outbound/address-rules.ts';

export const roles = ['api', 'relay', 'worker', 'migrate', 'rebuild'] as const;

// What one process does when it is not told.
const usualRoles = ['api', 'relay', 'worker', 'migrate'] as const;

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

const hostName = z
  .string()
  .regex(/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i, 'give names such as ops.example.com, without scheme or port');

export const environment = z.object({
  ...numberVariables,
  NODE_ENV: z.string().optional(),
  ROLES: list
    .pipe(z.array(z.enum(roles)).min(1))
    .refine((given) => given.length === 1 || !given.includes('rebuild'), 'rebuild is a process of its own')
    .default([...usualRoles]),
  HOST: z.string().default('0.0.0.0'),
  OPS_HOST: z.string().default('127.0.0.1'),
  OPS_ALLOWED_HOSTS: list.pipe(z.array(hostName)).default([]),
  PUBLIC_URL: origin.optional(),
  TRUST_PROXY: trustProxy.default(false),
  DATABASE_URL: z.string().optional(),
  TEMPORAL_ADDRESS: z.string().optional(),
  TEMPORAL_NAMESPACE: z.string().optional(),
  TEMPORAL_PROFILE: z.string().optional(),
  TEMPORAL_CONFIG_FILE: z.string().optional(),
  TEMPORAL_UI_URL: z.url().optional(),
  ADMIN_API_KEY: z.string().min(16).optional(),
  LEAD_SECRET: list.pipe(z.array(z.string().min(16)).min(1)).optional(),
  PULL_HEADERS_KEY: list.pipe(z.array(z.string().min(16)).min(1)).optional(),
  POSTBACK_ALLOW_CIDRS: list.refine(areCidrs, 'give CIDRs such as 10.1.0.0/16, separated by commas').optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  DATA_DIR: z.string().default('.data'),
});
