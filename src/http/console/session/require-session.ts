import type { RequestHandler } from 'express';
import type { ConsolePlace } from '../console-place.ts';
import { visitOf } from './visit.ts';

export const keepNoAnswer: RequestHandler = (_req, res, next) => {
  res.set('cache-control', 'no-store');
  next();
};

/** Leads who is not signed in to the login, and from there back. */
export function requireSession({ path }: Pick<ConsolePlace, 'path'>): RequestHandler {
  return (req, res, next) => {
    if (visitOf(res).session !== undefined) return next();
    const isReading = req.method === 'GET' || req.method === 'HEAD';
    const login = isReading ? `${path}/login?next=${encodeURIComponent(req.originalUrl)}` : `${path}/login`;
    // A part of a page must not become the login: the whole page goes there.
    if (req.headers['hx-request'] !== undefined) return void res.set('hx-redirect', `${path}/login`).status(204).end();
    res.redirect(303, login);
  };
}
