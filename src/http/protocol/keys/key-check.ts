import { AppError } from '../../../errors.ts';
import { pauseUnlessAborted } from '../../../pause.ts';
import { createTurns, type Turns } from '../../../turns.ts';
import { addressOf, createFailureLimit, tooManyFailures } from './failure-limit.ts';
import { createKeyMemory, createKeyNames } from './key-memory.ts';

/** Who calls, and with which key. `tenant` is whose key it is said to be; '' where the key alone tells. */
export type Caller = { ip: string | undefined; tenant: string; key: string | undefined };

/**
 * Tells whose a key is. @param signal aborted when the caller waits no longer
 * @throws AppError `unauthorized`, `too_many` or `unavailable`
 */
export type KeyCheck<Owner> = (caller: Caller, signal: AbortSignal) => Promise<Owner>;

export type KeyCheckOptions<Owner> = {
  /** Whose key it is; undefined for a wrong one. */
  findOwner: (given: { tenant: string; key: string }) => Promise<Owner | undefined>;
  /** What the caller with a wrong key, or without one, is told. */
  refuse: () => AppError;
  /** So many wrong ones may come from one address in a minute. */
  wrongPerMinute: number;
  holdBackMs?: number;
  now?: () => number;
};

type Given = { tenant: string; key: string };
type Answer<Owner> = { owner: Owner } | { refusal: AppError };

// A wrong key stays wrong, because none is ever made twice.
const WRONG_FOR_MS = 60_000;
const RIGHT_FOR_MS = 60 * 60_000;
// Some 2 MB.
const MOST_REMEMBERED = 10_000;
const STRANGERS_AT_A_TIME = 2;
// Of one address; each holds a connection until its turn.
const MOST_IN_LINE = 1000;
// Most who flood send their next call when the last one is answered: so they send few. Each holds a connection meanwhile.
const HOLD_BACK_MS = 1000;
const MOST_HELD_BACK = 1000;

/**
 * Asks about keys in such a way that a flood of wrong ones leaves right ones alone.
 * - About a key that was right lately it asks at once, and each time, because the key may have been replaced.
 * - About one that was wrong a moment ago it does not ask.
 * - About others it asks two at a time, and those of one address stand in a line of their own before that: however long it
 *   takes to ask, it holds up nobody else, and none counts before it turns out wrong. When an address has too many wrong
 *   ones, it is asked about only while there is a turn to spare: a right key from there still has its chance.
 */
export function createKeyCheck<Owner>(options: KeyCheckOptions<Owner>): KeyCheck<Owner> {
  const { findOwner, refuse, wrongPerMinute, holdBackMs = HOLD_BACK_MS, now = () => performance.now() } = options;
  const failures = createFailureLimit(wrongPerMinute);
  const nameOf = createKeyNames();
  const right = createKeyMemory({ forMs: RIGHT_FOR_MS, atMost: MOST_REMEMBERED, now });
  const wrong = createKeyMemory({ forMs: WRONG_FOR_MS, atMost: MOST_REMEMBERED, now });
  const turns = createTurns(() => STRANGERS_AT_A_TIME);
  const lines = new Map<string, { turns: Turns; calls: number }>();
  const underWay = new Map<string, Promise<unknown>>();
  let heldBack = 0;

  return async ({ ip, tenant, key }, signal) => {
    const answer = key ? await judge(ip, { tenant, key }, signal) : await countFailure(ip);
    if ('owner' in answer) return answer.owner;
    if (answer.refusal.kind === 'too_many') await holdBack(signal);
    throw answer.refusal;
  };

  async function judge(ip: string | undefined, given: Given, signal: AbortSignal): Promise<Answer<Owner>> {
    const name = nameOf(given.tenant, given.key);
    // Calls with one key wait for what the first of them learns, so that it is counted once.
    while (underWay.has(name)) {
      await underWay.get(name);
      signal.throwIfAborted();
    }
    if (wrong.has(name)) return await countFailure(ip);
    if (right.has(name)) return (await ask(name, given)) ?? (await countFailure(ip));
    const asked = askAboutStranger(ip, () => {
      signal.throwIfAborted();
      return ask(name, given);
    });
    const forget = () => underWay.delete(name);
    underWay.set(name, asked.then(forget, forget));
    return await asked;
  }

  /** Asks in the caller's turn: first among those of its address, then among all. */
  async function askAboutStranger(
    ip: string | undefined,
    askInTurn: () => ReturnType<typeof ask>,
  ): Promise<Answer<Owner>> {
    const address = addressOf(ip);
    const line = lines.get(address) ?? { turns: createTurns(() => STRANGERS_AT_A_TIME), calls: 0 };
    if (line.calls >= MOST_IN_LINE) return { refusal: tooManyInLine() };
    lines.set(address, line);
    line.calls++;
    try {
      return await line.turns.take(async () => {
        if ((await failures.isUsedUp(ip)) && !turns.isFree()) return { refusal: tooManyFailures() };
        return (await turns.take(askInTurn)) ?? (await countFailure(ip));
      });
    } finally {
      line.calls--;
      if (line.calls === 0) lines.delete(address);
    }
  }

  /** Asks, and remembers what was said. */
  async function ask(name: string, given: Given): Promise<{ owner: Owner } | undefined> {
    const owner = await findOwner(given);
    if (owner !== undefined) {
      right.add(name);
      return { owner };
    }
    right.delete(name);
    wrong.add(name);
    return undefined;
  }

  async function countFailure(ip: string | undefined): Promise<{ refusal: AppError }> {
    return { refusal: (await failures.count(ip)) ? tooManyFailures() : refuse() };
  }

  async function holdBack(signal: AbortSignal): Promise<void> {
    if (heldBack >= MOST_HELD_BACK) return;
    heldBack++;
    await pauseUnlessAborted(holdBackMs, signal);
    heldBack--;
  }
}

function tooManyInLine(): AppError {
  const calls = `More than ${MOST_IN_LINE} calls with keys that are not known yet came from your address at once`;
  return new AppError('too_many', `${calls}; send fewer at a time.`);
}
