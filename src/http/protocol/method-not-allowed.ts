import type { RequestHandler } from 'express';
import { makeProblem, sendProblem } from './problem.ts';

/** The end of an API route: it is known, but not by this method. */
export function allowOnly(...methods: string[]): RequestHandler {
  return (req, res) => {
    res.set('allow', methods.join(', '));
    sendProblem(
      res,
      makeProblem('method_not_allowed', `${req.method} is not possible here; use ${methods.join(' or ')}.`),
    );
  };
}
