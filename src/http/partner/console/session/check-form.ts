import type { Request, RequestHandler } from 'express';
import { makeProblem } from '../../../protocol/problem.ts';
import { sendConsoleProblem } from '../console-page.ts';
import { visitOf } from './visit.ts';

/**
 * Lets in only forms that a page of ours has shown to this very session: by the page they come from, when the browser says
 * so, and by the token in them, which is bound to the session's cookie.
 */
export function createFormCheck(publicUrl: string): RequestHandler {
  return (req, res, next) => {
    if (req.method === 'GET' || req.method === 'HEAD') return next();
    const { csrf = '' } = (req.body ?? {}) as { csrf?: unknown };
    if (isFromOurPage(req, publicUrl) && visitOf(res).isFormToken(String(csrf))) return next();
    const detail =
      'Nothing was changed: this form is too old, or comes from another site. Open the page again and repeat.';
    sendConsoleProblem(res, { ...makeProblem('wrong_origin', detail), title: 'Please send this form again' });
  };
}

/** The console may be reached by other names than its usual one. */
function isFromOurPage({ headers }: Request, publicUrl: string): boolean {
  const { origin, host } = headers;
  return origin === undefined || origin === publicUrl || /^https?:\/\/(.+)$/.exec(origin)?.[1] === host;
}
