import { AppError, type AppErrorKind } from '../../errors.ts';

/** A form that was refused: the status of its answer, and what is wrong by the names of fields. */
export type RefusedForm = { status: 409 | 413 | 422; errors: Record<string, string> };

const STATUSES: Partial<Record<AppErrorKind, 409 | 413>> = { taken: 409, conflict: 409, too_large: 413 };

/**
 * What is wrong with a form, to be said beside its fields.
 * @param fields beside which field a refusal is said that names none, by its kind
 * @throws what is no refusal of fields
 */
export function refusalOf(error: unknown, fields: Partial<Record<AppErrorKind, string>> = {}): RefusedForm {
  if (!(error instanceof AppError)) throw error;
  const { kind, message, problems } = error;
  if (problems.length > 0) {
    return { status: 422, errors: Object.fromEntries(problems.map(({ field, message }) => [field, message])) };
  }
  const field = fields[kind];
  if (field === undefined) throw error;
  return { status: STATUSES[kind] ?? 422, errors: { [field]: message } };
}

/** A text field of a form that was sent; '' when it was not, or is no text. */
export function textIn(body: unknown, name: string): string {
  const value = ((body ?? {}) as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}
