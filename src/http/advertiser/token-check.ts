import { AppError } from '../../errors.ts';
import { wrongToken, type StatusIntake } from '../../intake/status.ts';
import { createKeyCheck } from '../protocol/keys/key-check.ts';

/**
 * Ends well when the token is this advertiser's. @param signal aborted when the caller waits no longer
 * @throws AppError `unauthorized`, `too_many` or `unavailable`
 */
export type TokenCheck = (
  caller: { ip: string | undefined; advertiserId: string; token: string | undefined },
  signal: AbortSignal,
) => Promise<void>;

const WRONG_TOKENS_PER_MINUTE = 120;

/** Asks the intake about tokens; wrong ones never stand before right ones. */
export function createTokenCheck(authenticate: StatusIntake['authenticate']): TokenCheck {
  const checkKey = createKeyCheck({
    findOwner: ({ tenant, key }) => isRight(authenticate, tenant, key),
    refuse: wrongToken,
    wrongPerMinute: WRONG_TOKENS_PER_MINUTE,
  });
  return async ({ ip, advertiserId, token }, signal) => {
    await checkKey({ ip, tenant: advertiserId, key: token }, signal);
  };
}

/** @returns undefined for a wrong token */
async function isRight(
  authenticate: StatusIntake['authenticate'],
  advertiserId: string,
  token: string,
): Promise<true | undefined> {
  try {
    await authenticate(advertiserId, token);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.kind === 'unauthorized') return undefined;
    throw error;
  }
}
