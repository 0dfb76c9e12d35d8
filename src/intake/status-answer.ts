import { isStatus, type StatusReport, type StatusResult } from '../domain/status-report.ts';
import type { Status, Transition } from '../domain/status.ts';
import { AppError } from '../errors.ts';

export type StatusAnswer = { conversionId: string; status: Status; result: Transition };

/** @throws AppError when nothing came of it */
export function answerTo({ conversionId, meaning, word }: StatusReport, result: StatusResult): StatusAnswer {
  const isTaken = result === 'recorded' || result === 'duplicate' || result === 'stale' || result === 'accepted_late';
  if (conversionId !== null && isStatus(meaning) && isTaken) {
    return { conversionId, status: meaning, result: result === 'accepted_late' ? 'recorded' : result };
  }
  if (result === 'unknown_conversion') throw new AppError('unknown', `Conversion ${conversionId} is not known.`);
  if (result === 'window_closed') {
    const detail = `The window of conversion ${conversionId} is over; the status is kept, ask us to accept it.`;
    throw new AppError('window_closed', detail);
  }
  throw new AppError(
    'conflict',
    `The call for conversion ${conversionId} can no longer be read: "${word}" is no status.`,
  );
}
