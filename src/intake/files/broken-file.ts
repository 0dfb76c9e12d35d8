import { AppError } from '../../errors.ts';

/** The most that one row may hold. */
export const MAX_ROW_KIB = 64;
export const MAX_ROW_LENGTH = MAX_ROW_KIB * 1024;

/** @returns the refusal of a file that cannot be read, or lacks what each file must have */
export function brokenFile(message: string, cause?: unknown): AppError {
  return new AppError('invalid', message, { cause, problems: [{ field: 'file', message }] });
}
