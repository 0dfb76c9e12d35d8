import type { z } from 'zod';
import { AppError, type FieldProblem } from '../../errors.ts';

/** What a caller sent, as the schema understands it. @throws AppError `invalid` naming each field that is wrong */
export function readWith<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  return read(schema, given, refuseFields);
}

/** The same for settings that are to be saved. @throws AppError `invalid_settings` naming each field that is wrong */
export function readSettings<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  return read(schema, given, refuseSettings);
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  refuse: (problems: FieldProblem[]) => AppError,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw refuse(parsed.error.issues.flatMap(toProblems));
}

/** @returns the error that names each field which cannot be accepted */
export function refuseFields(problems: FieldProblem[]): AppError {
  return new AppError('invalid', sayProblems(problems), { problems });
}

/** The same for settings. */
export function refuseSettings(problems: FieldProblem[]): AppError {
  return new AppError('invalid_settings', sayProblems(problems), { problems });
}

function sayProblems(problems: FieldProblem[]): string {
  return problems.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; ');
}

function toProblems(issue: z.core.$ZodIssue): FieldProblem[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), message: 'is not a known field' }));
  }
  if (path === '') return [{ field: '', message: 'send a JSON object with Content-Type application/json' }];
  return [{ field: path, message: issue.message.endsWith('received undefined') ? 'is missing' : issue.message }];
}
