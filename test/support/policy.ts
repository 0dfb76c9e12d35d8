import type { LeadPolicy } from '../../workflows/contract.ts';

export const DAY_MS = 24 * 60 * 60 * 1000;

/** The rules of production, by which every lead of a test lives; a test that is about another rule says which. */
export const policy: LeadPolicy = { windowMs: 14 * DAY_MS, postbackAttempts: 3, postbackIntervalMs: 300_000 };
