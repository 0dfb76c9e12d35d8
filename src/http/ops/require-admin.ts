import type { RequestHandler } from 'express';
import { requireSession } from '../console/session/require-session.ts';
import { visitOf } from '../console/session/visit.ts';
import { setActor } from '../protocol/actor.ts';
import { sendOnward } from './login-page.ts';
import { opsConsole, sessionOf } from './ops-session.ts';

const toLogin = requireSession(opsConsole);

/** Lets in who is signed in. */
export const requireAdmin: RequestHandler = (req, res, next) => {
  if (visitOf(res).session !== undefined) {
    setActor(res, sessionOf(res));
    return next();
  }
  // A browser sends no session along with a link from a chat or a mail; a page of ours that leads on to it does.
  if (req.headers['sec-fetch-site'] === 'cross-site') {
    return sendOnward(res, { title: 'One moment' }, { href: req.originalUrl });
  }
  toLogin(req, res, next);
};
