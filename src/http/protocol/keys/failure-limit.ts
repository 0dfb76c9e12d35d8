import { ipKeyGenerator } from 'express-rate-limit';
import { AppError } from '../../../errors.ts';
import { createCallLimit } from './call-limit.ts';

export type FailureLimit = {
  /** Counts a failure. @returns whether it was one too many */
  count(ip: string | undefined): Promise<boolean>;
  /** Takes back what was counted before anybody could tell: a signed file counts until its last byte has come. */
  uncount(ip: string | undefined): Promise<void>;
  /** Whether the next failure would be one too many. */
  isUsedUp(ip: string | undefined): Promise<boolean>;
};

/** Counts failed keys and nothing else, so that a busy caller with a good key is never in its way. */
export function createFailureLimit(perMinute: number): FailureLimit {
  const limit = createCallLimit(perMinute);
  return {
    count: (ip) => limit.count(addressOf(ip)),
    uncount: (ip) => limit.uncount(addressOf(ip)),
    isUsedUp: (ip) => limit.isUsedUp(addressOf(ip)),
  };
}

export function tooManyFailures(): AppError {
  return new AppError('too_many', 'Too many calls with a wrong key came from your address; wait a minute.');
}

/** What counts as one address: of IPv6 the network that one customer has. */
export function addressOf(ip: string | undefined): string {
  return ip === undefined ? 'unknown' : ipKeyGenerator(ip);
}
