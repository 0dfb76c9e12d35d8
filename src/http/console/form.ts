import { AppError } from '../../errors.ts';

/** A form that was refused: the status of its answer, and what is wrong by the names of fields. */
export type RefusedForm = { status: 409 | 422; errors: Record<string, string> };

/**
 * What is wrong with a form, to be said beside its fields.
 * @param takenField the field of the id, when it may be in use
 * @throws what is no refusal of fields
 */
export function refusalOf(error: unknown, takenField?: string): RefusedForm {
  if (!(error instanceof AppError)) throw error;
  if (error.kind === 'taken' && takenField !== undefined) {
    return { status: 409, errors: { [takenField]: error.message } };
  }
  if (error.problems.length === 0) throw error;
  return { status: 422, errors: Object.fromEntries(error.problems.map(({ field, message }) => [field, message])) };
}

/** A text field of a form that was sent; '' when it was not, or is no text. */
export function textIn(body: unknown, name: string): string {
  const value = ((body ?? {}) as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}
