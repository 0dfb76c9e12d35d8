import { AppError } from '../../errors.ts';
import { wholeNumber } from './number-schemas.ts';

const callIdSchema = wholeNumber(1, Number.MAX_SAFE_INTEGER);

/** The number of a status call as an address names it. @throws AppError `unknown` when it is no number of a call */
export function readCallId(text: string): number {
  const callId = callIdSchema.safeParse(text);
  if (!callId.success) throw noSuchCall(text);
  return callId.data;
}

/** Of kind `unknown`. @param callId as it was asked for */
export function noSuchCall(callId: string | number): AppError {
  return new AppError('unknown', `There is no status call ${callId}.`);
}
