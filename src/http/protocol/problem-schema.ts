import { z } from 'zod';
import { problemKinds, type ProblemKind } from './problem.ts';

/** RFC 9457, for the API's description. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened to which id, and what to do.' }),
    kind: z.enum(Object.keys(problemKinds) as ProblemKind[]),
    problems: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'What is wrong with which field.' }),
    error_id: z.string().optional().meta({ description: 'Mention it when you write to us.' }),
  })
  .meta({ id: 'Problem' });
