import { AppError } from '../../errors.ts';

/** The same for what is not there and for what is another partner's. */
export function notYours(what: 'postback' | 'conversion' | 'replay' | 'payout', id: string): AppError {
  return new AppError('unknown', `You have no ${what} ${id}.`);
}
