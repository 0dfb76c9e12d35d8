import type { Request, RequestHandler, Response } from 'express';
import { makeProblem, type Problem } from '../../protocol/problem.ts';
import { visitOf } from './visit.ts';

type FormCheck = {
  /** Whether the browser, if it says so, says that the form was on a page of ours. */
  isFromOurPage: (req: Request) => boolean;
  sendProblem: (res: Response, problem: Problem) => void;
};

/**
 * Lets in only forms that a page of ours has shown to this very session: by the page they come from, when the browser says
 * so, and by the token in them, which is bound to the session's cookie.
 */
export function createFormCheck({ isFromOurPage, sendProblem }: FormCheck): RequestHandler {
  return (req, res, next) => {
    if (req.method === 'GET' || req.method === 'HEAD') return next();
    const { csrf = '' } = (req.body ?? {}) as { csrf?: unknown };
    if (isFromOurPage(req) && visitOf(res).isFormToken(String(csrf))) return next();
    const detail =
      'Nothing was changed: this form is too old, or comes from another site. Open the page again and repeat.';
    sendProblem(res, { ...makeProblem('wrong_origin', detail), title: 'Please send this form again' });
  };
}

/** The console may be reached by other names than its usual one. */
export function comesFrom(publicUrl: string): FormCheck['isFromOurPage'] {
  return ({ headers: { origin, host } }) =>
    origin === undefined || origin === publicUrl || /^https?:\/\/(.+)$/.exec(origin)?.[1] === host;
}
