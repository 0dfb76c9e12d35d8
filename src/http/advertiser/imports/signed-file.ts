import { createHash } from 'node:crypto';
import type { Request } from 'express';
import type { CatalogueAdvertiser } from '../../../catalogue/catalogue-advertiser.ts';
import type { RefusalReason } from '../../../domain/origin-proofs.ts';
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
const WRONG_FOR_MS = 60_000;
const MOST_REMEMBERED = 10_000;

/**
 * Judges signatures of files. A file counts as wrong for its address until its signature turns out right, so that an address
 * cannot go on sending unsigned ones, or break each off. One that is signed rightly is taken off the count, also when it is
 * refused for something else. A signature that was wrong is refused again from there before anything is read.
 *
 * @returns begins with a file. @throws AppError `unauthorized` or `too_many`, before anything of it is read
 */
export function createSignedFileCheck(
  refusedCalls: Pick<RefusedCalls, 'note'>,
): (req: Pick<Request, 'ip' | 'headers'>, advertiser: CatalogueAdvertiser, sample: object) => Promise<SignedFile> {
  const failures = createFailureLimit(WRONG_FILES_PER_MINUTE);
  const nameOf = createKeyNames();
  const wrong = createKeyMemory({ forMs: WRONG_FOR_MS, atMost: MOST_REMEMBERED, now: () => performance.now() });

  return async ({ ip, headers }, advertiser, sample) => {
    const { advertiserId } = advertiser;
    const note = (reason: RefusalReason) => refusedCalls.note({ advertiserId, reason, sample });
    if (await failures.count(ip)) {
      note('too_many');
      throw tooManyFailures();
    }
    const given = ['id', 'timestamp', 'signature'].map((name) => headers[`webhook-${name}`]);
    // Of one address: whoever has seen a file on its way must not have it refused by sending something else under its headers.
    const name = nameOf(advertiserId, JSON.stringify([ip, ...given]));
    const signature = wrong.has(name) ? undefined : followSignature(liveSecretsOf(advertiser), headers);
    if (!signature) {
      note('signature');
      throw wrongToken();
    }
    const content = createHash('sha256');
    let known: SignedAs | undefined;
    return {
      onBytes(bytes) {
        signature.update(bytes);
        content.update(bytes);
      },
      onEnd() {
        if (signature.isRight()) {
          known = nameSigned({ advertiserId, headers, sha256: content.digest('hex') });
          void failures.uncount(ip);
        } else {
          wrong.add(name);
          note('signature');
        }
      },
      signedAs() {
        if (!known) throw wrongToken();
        return known;
      },
    };
  };
}
