import { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';
import { makeProblem, problemKinds, TOO_LARGE, type Problem, type ProblemKind } from './problem.ts';

/** RFC 9457, for the API's description. */
const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'What happened to which id, and what to do.' }),
    kind: z.enum(Object.keys(problemKinds) as ProblemKind[]),
    problems: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'What is wrong with which field.' }),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'What is wrong with which field of settings.' }),
    error_id: z.string().optional().meta({ description: 'Mention it when you write to us.' }),
  })
  .meta({ id: 'Problem' });

type Example = Pick<Problem, 'detail' | 'problems' | 'errors' | 'error_id'>;

const EXAMPLES: Readonly<Record<ProblemKind, Example>> = {
  malformed: { detail: 'The body cannot be read: check it and its Content-Type.' },
  unauthorized: { detail: 'The token is not valid for this advertiser.' },
  forbidden: { detail: 'POST /v1/admin/partners needs the role admin; the key anna has the role read.' },
  wrong_origin: { detail: 'A page of https://elsewhere.example may not change anything here.' },
  unknown: { detail: 'Conversion k3v9x2m7q1w8z5t4r6y0 is not known.' },
  method_not_allowed: { detail: 'PUT is not possible here; use GET or HEAD.' },
  taken: { detail: 'The id abcdefghigk is taken: choose another, or leave it out and get one.' },
  conflict: { detail: 'Status call 17 is recorded; only window_closed can be accepted late.' },
  window_closed: { detail: 'The window of conversion k3v9x2m7q1w8z5t4r6y0 is over; the status is kept.' },
  too_large: { detail: TOO_LARGE },
  wrong_host: { detail: 'This listener does not answer to "ops.elsewhere.example".' },
  unknown_status: { detail: 'Status "paid" is not known: send one of pending, approved, rejected.' },
  invalid: { detail: 'name: is missing', problems: [{ field: 'name', message: 'is missing' }] },
  invalid_settings: {
    detail: 'url: {refid} is not a macro: did you mean {ref_id}?',
    errors: [{ field: 'url', message: '{refid} is not a macro: did you mean {ref_id}?' }],
  },
  too_many: { detail: 'Too many calls with a wrong key came from your address; wait a minute.' },
  unexpected: { detail: 'This is our mistake. If you write to us, mention 1f6e0c9a2b4d.', error_id: '1f6e0c9a2b4d' },
  unavailable: { detail: 'This cannot be done at the moment; try again shortly.' },
};

/** Which kinds of problems a call may meet, and what each means there. */
export type ProblemTexts = Partial<Readonly<Record<ProblemKind, string>>>;

/** The answers that refuse a call: one for each HTTP status, with an example named after each kind that it may have. */
export function describeProblems(texts: ProblemTexts): ZodOpenApiResponsesObject {
  const kinds = (Object.keys(problemKinds) as ProblemKind[]).filter((kind) => texts[kind] !== undefined);
  const statuses = new Set(kinds.map((kind) => problemKinds[kind].status));
  const answers = [...statuses]
    .sort((a, b) => a - b)
    .map((status) => {
      const same = kinds.filter((kind) => problemKinds[kind].status === status);
      return [String(status), describeProblem(same, texts)] as const;
    });
  return Object.fromEntries(answers);
}

function describeProblem(kinds: ProblemKind[], texts: ProblemTexts) {
  const examples = kinds.map((kind) => {
    const { detail, ...rest } = EXAMPLES[kind];
    return [kind, { value: makeProblem(kind, detail, rest) }] as const;
  });
  return {
    description: kinds.map((kind) => `\`${kind}\`: ${texts[kind]}`).join(' '),
    content: { 'application/problem+json': { schema: problemSchema, examples: Object.fromEntries(examples) } },
  };
}
