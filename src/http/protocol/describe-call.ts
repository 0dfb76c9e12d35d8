import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathItemObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { describeJson, type Answer } from './describe-answer.ts';
import { describeProblems, type ProblemTexts } from './problem-schema.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** What the calls of one audience have in common: how each may be refused, and what they say of it. */
export type Audience<Refusal extends string> = {
  tags?: string[];
  security?: ZodOpenApiOperationObject['security'];
  /** Any call. */
  always: ProblemTexts;
  /** Any call that may change something. */
  whenChanging: ProblemTexts;
  /** Single calls, which name them. */
  special: Record<Refusal, string>;
};

export type Call<Refusal extends string> = {
  summary: string;
  description?: string;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** What a body may be that is no JSON of a known shape: a file. */
  upload?: NonNullable<ZodOpenApiOperationObject['requestBody']>['content'];
  /** True where a call without a body means the same as one with an empty object. */
  bodyMayBeMissing?: boolean;
  /** What it answers; null when there is nothing to say. */
  answer: Answer | null;
  /** 200, or 204 without an answer, when left out. */
  status?: 200 | 201 | 202 | 204;
  /** How the same looks as CSV, where it can be had so; where there is no answer, it is CSV alone. */
  csv?: string;
  /** What headers of its own the answer may have. */
  headers?: z.ZodObject;
  /** How it may be refused, apart from what every call may meet. */
  refusals: Refusal[];
};

/** All calls of one address. `path` are the parameters in it, when there are any. */
export type Calls<Refusal extends string> = { path?: z.ZodObject } & Partial<Record<Method, Call<Refusal>>>;

/** @returns describes the calls of one address, for the API's description */
export function createCallDescriber<Refusal extends string>(audience: Audience<Refusal>) {
  return ({ path, ...calls }: Calls<Refusal>): ZodOpenApiPathItemObject => {
    const described = (Object.entries(calls) as [Method, Call<Refusal>][]).map(([method, call]) => [
      method,
      describeCall(call, { audience, path, isChange: method !== 'get' }),
    ]);
    return Object.fromEntries(described) as ZodOpenApiPathItemObject;
  };
}

function describeCall<Refusal extends string>(
  { summary, description, query, body, upload, bodyMayBeMissing = false, refusals, ...answered }: Call<Refusal>,
  { audience, path, isChange }: { audience: Audience<Refusal>; path: z.ZodObject | undefined; isChange: boolean },
): ZodOpenApiOperationObject {
  const { tags, security, always, whenChanging, special } = audience;
  const ownRefusals = Object.fromEntries(refusals.map((kind) => [kind, special[kind]]));
  return {
    ...(tags && { tags }),
    ...(security && { security }),
    summary,
    ...(description !== undefined && { description }),
    requestParams: { ...(path && { path }), ...(query && { query }) },
    ...(body && { requestBody: { required: !bodyMayBeMissing, content: { 'application/json': { schema: body } } } }),
    ...(upload && { requestBody: { required: true, content: upload } }),
    responses: {
      ...describeSuccess(answered),
      ...describeProblems({ ...always, ...(isChange && whenChanging), ...ownRefusals }),
    },
  };
}

function describeSuccess({
  answer,
  csv,
  headers,
  status = answer || csv !== undefined ? 200 : 204,
}: Pick<Call<never>, 'answer' | 'csv' | 'headers' | 'status'>): ZodOpenApiResponsesObject {
  if (!answer && csv !== undefined) {
    return {
      [String(status)]: {
        description: "As CSV, UTF-8, what looks like a formula with a `'` before it.",
        content: { 'text/csv': { schema: z.string(), example: csv } },
      },
    };
  }
  if (!answer) return { [String(status)]: { description: 'Done.' } };
  if (csv === undefined) return { [String(status)]: describeJson('Done.', answer) };
  const { content } = describeJson('', answer);
  return {
    [String(status)]: {
      description:
        "Done. With `Accept: text/csv` it comes as CSV, UTF-8, what looks like a formula with a `'` before it.",
      content: { ...content, 'text/csv': { schema: z.string(), example: csv } },
      ...(headers && { headers }),
    },
  };
}
