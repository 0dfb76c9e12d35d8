import { createHash } from 'node:crypto';
import type { Request } from 'express';
import type { CatalogueAdvertiser } from '../../../catalogue/catalogue-advertiser.ts';
import type { RefusalReason } from '../../../domain/origin-proofs.ts';
import { AppError } from '../../../errors.ts';
import { liveSecretsOf, nameSigned, type SignedAs } from '../../../intake/origin.ts';
import type { RefusedCalls } from '../../../intake/refused-calls.ts';
import { wrongToken } from '../../../intake/status.ts';
import { followSignature } from '../../../intake/webhook-signature.ts';
import { createFailureLimit, tooManyFailures } from '../../protocol/keys/failure-limit.ts';
import { createKeyMemory, createKeyNames } from '../../protocol/keys/key-memory.ts';
import type { BodyWatcher } from '../../protocol/upload.ts';

/** A file whose signature is judged when its last byte has come, be it taken or refused. */
export type SignedFile = BodyWatcher & {
  /** To be asked after the last byte. @throws AppError `unauthorized` */
  signedAs(): SignedAs;
};

// Each costs as many bytes as whoever sends it likes; a program that signs rightly sends none.
const WRONG_FILES_PER_MINUTE = 10;
// Those that are still coming in, or broke off. Far more than there are places for.
const UNJUDGED_FILES_PER_MINUTE = 10;
const WRONG_FOR_MS = 60_000;
const MOST_REMEMBERED = 10_000;

/**
 * Judges signatures of files. Wrong ones are counted for their address. Until one is judged it is counted apart, so that an
 * address cannot begin one after the other, or break each off, and yet no right one that comes slowly is taken for a wrong
 * one. A signature that was wrong is refused again from there before anything is read.
 *
 * @returns begins with a file. @throws AppError `unauthorized` or `too_many`, before anything of it is read
 */
export function createSignedFileCheck(
  refusedCalls: Pick<RefusedCalls, 'note'>,
): (req: Pick<Request, 'ip' | 'headers'>, advertiser: CatalogueAdvertiser, sample: object) => Promise<SignedFile> {
  const failures = createFailureLimit(WRONG_FILES_PER_MINUTE);
  const unjudged = createFailureLimit(UNJUDGED_FILES_PER_MINUTE);
  const nameOf = createKeyNames();
  const wrong = createKeyMemory({ forMs: WRONG_FOR_MS, atMost: MOST_REMEMBERED, now: () => performance.now() });

  return async ({ ip, headers }, advertiser, sample) => {
    const { advertiserId } = advertiser;
    const note = (reason: RefusalReason) => refusedCalls.note({ advertiserId, reason, sample });
    if (await failures.isUsedUp(ip)) {
      note('too_many');
      throw tooManyFailures();
    }
    const given = ['id', 'timestamp', 'signature'].map((name) => headers[`webhook-${name}`]);
    // Of one address: whoever has seen a file on its way must not have it refused by sending something else under its headers.
    const name = nameOf(advertiserId, JSON.stringify([ip, ...given]));
    const signature = wrong.has(name) ? undefined : followSignature(liveSecretsOf(advertiser), headers);
    if (!signature) {
      note('signature');
      await failures.count(ip);
      throw wrongToken();
    }
    if (await unjudged.count(ip)) throw tooManyUnjudged();
    const content = createHash('sha256');
    let known: SignedAs | undefined;
    return {
      onBytes(bytes) {
        signature.update(bytes);
        content.update(bytes);
      },
      onEnd() {
        void unjudged.uncount(ip);
        if (signature.isRight()) {
          known = nameSigned({ advertiserId, headers, sha256: content.digest('hex') });
        } else {
          wrong.add(name);
          note('signature');
          void failures.count(ip);
        }
      },
      signedAs() {
        if (!known) throw wrongToken();
        return known;
      },
    };
  };
}

function tooManyUnjudged(): AppError {
  const message = `${UNJUDGED_FILES_PER_MINUTE} files from your address are still coming in, or broke off a moment ago`;
  return new AppError(
    'too_many',
    `${message}, so that their signatures could not be judged; send it again in a minute.`,
  );
}
