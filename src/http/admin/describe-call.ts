import type { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathItemObject } from 'zod-openapi';
import { describeJson, type Answer } from '../protocol/describe-answer.ts';
import { describeProblems, type ProblemTexts } from '../protocol/problem-schema.ts';

type Method = 'get' | 'post' | 'patch';

export type Call = {
  summary: string;
  query?: z.ZodObject;
  body?: z.ZodObject;
  /** What it answers: 200, or 201 when it has `created` something. */
  answer: Answer;
  created?: boolean;
  /** How it may be refused, apart from what every call may meet. */
  refusals: (keyof typeof SPECIAL)[];
};

const COMMON: ProblemTexts = {
  malformed: 'the address or the body cannot be read.',
  unauthorized: 'the admin key is missing or wrong.',
  method_not_allowed: 'another method than those described here; `Allow` names them.',
  wrong_host: 'the listener was called by a name that it does not know; see OPS_ALLOWED_HOSTS.',
  too_many: 'too many wrong keys came from this address; wait as long as `Retry-After` says.',
  unexpected: 'our mistake; write to us and mention its `error_id`.',
  unavailable: 'the database is away; call again after the seconds in `Retry-After`.',
};
const WHEN_CHANGING: ProblemTexts = {
  wrong_origin: 'the call comes from a page of another site.',
  too_large: 'the body is larger than 64 KB.',
};
const SPECIAL = {
  unknown: 'there is nothing with this id.',
  taken: 'the id is in use.',
  conflict: 'the call has been judged otherwise, or was accepted before.',
  invalid: 'a value cannot be accepted; `problems` names its field.',
} satisfies ProblemTexts;

/** All calls of one address. @param path the parameters in it, when there are any */
export function describeCalls({
  path,
  ...calls
}: { path?: z.ZodObject } & Partial<Record<Method, Call>>): ZodOpenApiPathItemObject {
  const described = Object.entries(calls).map(([method, call]) => [
    method,
    describeCall({ ...call, path, isChange: method !== 'get' }),
  ]);
  return Object.fromEntries(described) as ZodOpenApiPathItemObject;
}

function describeCall({
  summary,
  path,
  query,
  body,
  answer,
  created = false,
  refusals,
  isChange,
}: Call & { path: z.ZodObject | undefined; isChange: boolean }): ZodOpenApiOperationObject {
  const special = Object.fromEntries(refusals.map((kind) => [kind, SPECIAL[kind]]));
  return {
    summary,
    requestParams: { ...(path && { path }), ...(query && { query }) },
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      [created ? '201' : '200']: describeJson('Done.', answer),
      ...describeProblems({ ...COMMON, ...(isChange && WHEN_CHANGING), ...special }),
    },
  };
}
