import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import {
  MORE_ATTEMPTS_LEFT,
  NOT_ACCEPTED,
  NOT_RECORDED,
  NOT_STARTED,
  type PostbackCall,
  type UnrecordedAttempt,
} from '../workflows/contract.ts';

export function stillRunning(postbackId: string): Error {
  return new Error(`An attempt that postback ${postbackId} has to wait for may still be running.`);
}

/** @throws NOT_STARTED */
export function failUnstarted(error: unknown): never {
  throw ApplicationFailure.create({
    message: 'The postback could not be prepared; it is reviewed, and the attempt is made later.',
    type: NOT_STARTED,
    // Temporal would count the retry as one of the partner's attempts.
    nonRetryable: true,
    cause: error as Error,
  });
}

/** @throws NOT_RECORDED */
export function failUnrecorded({ postbackId }: PostbackCall, made: UnrecordedAttempt, error: unknown): never {
  throw ApplicationFailure.create({
    message: `Postback ${postbackId} was answered, but the answer could not be stored yet.`,
    type: NOT_RECORDED,
    // A retry by Temporal would call the partner again. The workflow has it recorded instead.
    nonRetryable: true,
    details: [made],
    cause: error as Error,
  });
}

/** Expected in daily business, hence benign; ops read its message as the last failure of the pending activity. */
export function notAccepted(
  { postbackId, maxAttempts }: PostbackCall,
  { attempt, outcome }: UnrecordedAttempt,
  explanation?: string,
): ApplicationFailure {
  const code = outcome.error ? outcome.error.replaceAll('_', ' ') : `HTTP ${outcome.httpStatus}`;
  const answer = explanation === undefined ? code : `${code} (${explanation})`;
  return ApplicationFailure.create({
    message: `Attempt ${attempt} of ${maxAttempts} of postback ${postbackId}: ${answer}; only HTTP 200 counts.`,
    type: NOT_ACCEPTED,
    details: attempt < maxAttempts ? [MORE_ATTEMPTS_LEFT] : [],
    category: ApplicationFailureCategory.BENIGN,
  });
}
