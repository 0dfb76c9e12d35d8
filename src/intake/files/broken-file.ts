import { AppError } from '../../errors.ts';

/** The most that one row may hold. */
export const MAX_ROW_KIB = 64;
export const MAX_ROW_LENGTH = MAX_ROW_KIB * 1024;

/** A file that holds no rows, which for a file that is fetched again and again is nothing wrong. */
export class EmptyFileError extends AppError {
  constructor(message: string) {
    super('invalid', message, { problems: [{ field: 'file', message }] });
  }
}

/** @returns the refusal of a file that cannot be read, or lacks what each file must have */
export function brokenFile(message: string, cause?: unknown): AppError {
  return new AppError('invalid', message, { cause, problems: [{ field: 'file', message }] });
}
