import type { z } from 'zod';
import { AppError, type FieldProblem } from '../../errors.ts';

/** What a caller sent, as the schema understands it. @throws AppError `invalid` naming each field that is wrong */
export function readWith<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw refuseFields(parsed.error.issues.flatMap(toProblems));
}

/** @returns the error that names each field which cannot be accepted */
export function refuseFields(problems: FieldProblem[]): AppError {
  const text = problems.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; ');
  return new AppError('invalid', text, { problems });
}

function toProblems(issue: z.core.$ZodIssue): FieldProblem[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), message: 'is not a known field' }));
  }
  if (path === '') return [{ field: '', message: 'send a JSON object with Content-Type application/json' }];
  return [{ field: path, message: issue.message.endsWith('received undefined') ? 'is missing' : issue.message }];
}
