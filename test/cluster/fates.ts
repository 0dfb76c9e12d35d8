import type { Status } from '../../src/domain/status.ts';
import { WINDOW_SECONDS } from './network.ts';
import type { Random } from './random.ts';

const SECOND_MS = 1000;
const SILENT_SHARE = 0.25;
const LATE_SHARE = 0.15;
const LATE_AFTER_PENDING_SHARE = 0.6;
const TOO_LATE_SHARE = 0.04;

const FATES: Status[][] = [
  ['approved'],
  ['approved'],
  ['rejected'],
  ['pending'],
  ['pending', 'approved'],
  ['pending', 'approved'],
  ['pending', 'approved'],
  ['pending', 'rejected'],
  ['approved', 'rejected'],
  ['rejected', 'approved'],
  ['pending', 'approved', 'rejected'],
  ['pending', 'rejected', 'approved'],
  ['approved', 'rejected', 'approved'],
  // The last one is stale by then.
  ['approved', 'pending'],
];

/** What an advertiser will say of a conversion, one after the other; nothing of some. */
export function drawFate(random: Random): Status[] {
  return random.chance(SILENT_SHARE) ? [] : random.pick(FATES);
}

/**
 * How long it takes until it says the next; so long now and then that the window of the lead has ended. What follows a
 * `pending` takes longer, so that partners hear of that before.
 */
export function drawPauseMs(random: Random, before?: Status): number {
  if (random.chance(TOO_LATE_SHARE)) return random.between(WINDOW_SECONDS, WINDOW_SECONDS + 30) * SECOND_MS;
  const isLate = random.chance(before === 'pending' ? LATE_AFTER_PENDING_SHARE : LATE_SHARE);
  return (isLate ? random.between(15, 60) : random.between(0, 6)) * SECOND_MS;
}
