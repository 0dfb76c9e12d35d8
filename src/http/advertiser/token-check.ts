import { AppError } from '../../errors.ts';
import { wrongToken, type StatusIntake } from '../../intake/status.ts';
import { pauseUnlessAborted } from '../../pause.ts';
import { createFailureLimit, tooManyFailures } from '../protocol/failure-limit.ts';
import { createTurns } from '../../turns.ts';
import { createTokenKey, createTokenMemory } from './token-memory.ts';

/**
 * Ends well when the token is this advertiser's. @param signal aborted when the caller waits no longer
 * @throws AppError `unauthorized`, `too_many` or `unavailable`
 */
export type TokenCheck = (
  caller: { ip: string | undefined; advertiserId: string; token: string | undefined },
  signal: AbortSignal,
) => Promise<void>;

const WRONG_TOKENS_PER_MINUTE = 120;
// A wrong token stays wrong, because none is ever made twice.
const WRONG_FOR_MS = 60_000;
const RIGHT_FOR_MS = 60 * 60_000;
// Some 2 MB.
const MOST_REMEMBERED = 10_000;
const STRANGERS_AT_A_TIME = 2;
// Most who flood send their next call when the last one is answered: so they send few. Each holds a connection meanwhile.
const HOLD_BACK_MS = 1000;
const MOST_HELD_BACK = 1000;

/**
 * Asks the intake about tokens in such a way that a flood of wrong ones leaves right ones alone.
 * - About a token that was right lately it asks at once, and each time, because the token may have been replaced.
 * - About one that was wrong a moment ago it does not ask.
 * - About others it asks two at a time. Each counts for its address before that, until it turns out right. When an address
 *   has too many, it is asked about only while there is a turn to spare: a right token from there still has its chance.
 */
export function createTokenCheck(
  authenticate: StatusIntake['authenticate'],
  { holdBackMs = HOLD_BACK_MS, now = () => performance.now() }: { holdBackMs?: number; now?: () => number } = {},
): TokenCheck {
  const failures = createFailureLimit(WRONG_TOKENS_PER_MINUTE);
  const keyOf = createTokenKey();
  const right = createTokenMemory({ forMs: RIGHT_FOR_MS, atMost: MOST_REMEMBERED, now });
  const wrong = createTokenMemory({ forMs: WRONG_FOR_MS, atMost: MOST_REMEMBERED, now });
  const turns = createTurns(() => STRANGERS_AT_A_TIME);
  const underWay = new Map<string, Promise<unknown>>();
  let heldBack = 0;

  return async ({ ip, advertiserId, token }, signal) => {
    const refusal = token ? await findRefusal(ip, { advertiserId, token }, signal) : await countFailure(ip);
    if (refusal?.kind === 'too_many') await holdBack(signal);
    if (refusal) throw refusal;
  };

  async function findRefusal(ip: string | undefined, given: Given, signal: AbortSignal): Promise<AppError | undefined> {
    const key = keyOf(given.advertiserId, given.token);
    // Calls with one token wait for what the first of them learns, so that it is counted once.
    while (underWay.has(key)) {
      await underWay.get(key);
      signal.throwIfAborted();
    }
    if (wrong.has(key)) return await countFailure(ip);
    if (right.has(key)) return (await isRight(key, given)) ? undefined : await countFailure(ip);
    const asked = askAboutStranger(ip, () => {
      signal.throwIfAborted();
      return isRight(key, given);
    });
    const forget = () => underWay.delete(key);
    underWay.set(key, asked.then(forget, forget));
    return await asked;
  }

  async function askAboutStranger(ip: string | undefined, ask: () => Promise<boolean>): Promise<AppError | undefined> {
    const refusal = await countFailure(ip);
    if (refusal.kind === 'too_many' && !turns.isFree()) return refusal;
    let isWrong = false;
    try {
      isWrong = !(await turns.take(ask));
    } finally {
      if (!isWrong) await failures.uncount(ip);
    }
    return isWrong ? refusal : undefined;
  }

  /** Asks, and remembers what was said. */
  async function isRight(key: string, { advertiserId, token }: Given): Promise<boolean> {
    try {
      await authenticate(advertiserId, token);
      right.add(key);
      return true;
    } catch (error) {
      if (!(error instanceof AppError && error.kind === 'unauthorized')) throw error;
      right.delete(key);
      wrong.add(key);
      return false;
    }
  }

  async function countFailure(ip: string | undefined): Promise<AppError> {
    return (await failures.count(ip)) ? tooManyFailures() : wrongToken();
  }

  async function holdBack(signal: AbortSignal): Promise<void> {
    if (heldBack >= MOST_HELD_BACK) return;
    heldBack++;
    await pauseUnlessAborted(holdBackMs, signal);
    heldBack--;
  }
}

type Given = { advertiserId: string; token: string };
