import type { CatalogueAdvertiser } from '../../catalogue/catalogue-advertiser.ts';
import type { RefusalReason } from '../../domain/origin-proofs.ts';
import { AppError } from '../../errors.ts';
import { findLackingProof, hasLiveToken, type CallOrigin } from '../../intake/origin.ts';
import type { Late } from '../../in-time.ts';
import type { RefusedCalls } from '../../intake/refused-calls.ts';
import { wrongToken, type StatusIntake } from '../../intake/status.ts';
import { createTokenCheck } from './token-check.ts';

/** A call that says it comes from an advertiser. */
export type ClaimedCall = CallOrigin & {
  advertiserId: string;
  /** Undefined for one whom we do not know; then only its token is looked at. */
  advertiser: CatalogueAdvertiser | undefined;
  token: string | undefined;
  /** Makes what may be kept of it. */
  sample: () => object;
};

/**
 * Ends well when the call has every proof that was agreed with its advertiser.
 * @param late its signal is aborted when the caller waits no longer
 * @throws AppError `unauthorized`, `too_many` or `unavailable`
 */
export type OriginCheck = (call: ClaimedCall, late: Pick<Late, 'signal'>) => Promise<void>;

export type OriginDeps = {
  statuses: Pick<StatusIntake, 'authenticate'>;
  refusedCalls: Pick<RefusedCalls, 'note'>;
};

/**
 * Judges by memory. Only about a token that memory does not know Postgres is asked: it may be newer than memory. A token
 * that has been replaced goes on for as long as memory may be behind, CATALOGUE_POLL_SECONDS.
 */
export function createOriginCheck({ statuses, refusedCalls }: OriginDeps): OriginCheck {
  const askAboutToken = createTokenCheck(statuses.authenticate);
  return async (call, late) => {
    const { advertiserId, advertiser, ip, token, sample } = call;
    const note = (reason: RefusalReason) => {
      if (advertiser) refusedCalls.note({ advertiserId, reason, sample: sample() });
    };
    const lacking = advertiser && findLackingProof(advertiser, call);
    if (lacking) {
      note(lacking);
      throw wrongToken();
    }
    if (advertiser && (!advertiser.proofs.token || (token && hasLiveToken(advertiser, token)))) return;
    try {
      await askAboutToken({ ip, advertiserId, token }, late.signal());
    } catch (error) {
      const kind = error instanceof AppError ? error.kind : undefined;
      if (kind === 'unauthorized') note('token');
      if (kind === 'too_many') note('too_many');
      throw error;
    }
  };
}
