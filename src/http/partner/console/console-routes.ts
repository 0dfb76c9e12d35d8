import express, { Router, type RequestHandler } from 'express';
import type { Knex } from 'knex';
import { AppError } from '../../../errors.ts';
import type { Log } from '../../../log.ts';
import { secureAnswers } from '../../protocol/app.ts';
import { limitBody, MAX_BODY_BYTES } from '../../protocol/body-limit.ts';
import type { KeyCheck } from '../../protocol/keys/key-check.ts';
import { createProblemHandler } from '../../protocol/problem.ts';
import { ownScripts } from '../../protocol/security-headers.ts';
import { sendConsoleProblem } from './console-page.ts';
import { addConversionPages } from './conversions/conversion-pages.ts';
import { addDeliveryPages } from './deliveries/delivery-pages.ts';
import { addReplayPages } from './deliveries/replays/replay-pages.ts';
import { addKeyPages } from './key/key-pages.ts';
import { addLoginRoutes } from './login/login-routes.ts';
import { addOverviewPages, type OverviewDeps } from './overview/overview-pages.ts';
import { addPostbackPages, type PostbackPagesDeps } from './postbacks/postback-pages.ts';
import { createFormCheck } from './session/check-form.ts';
import { createConsoleSecrets } from './session/console-secrets.ts';
import { createSessionCookie, createVisits, visitOf } from './session/visit.ts';

export type ConsoleDeps = Omit<PostbackPagesDeps & OverviewDeps, 'publicUrl'> & {
  db: Knex;
  checkKey: KeyCheck<string>;
  /** The first signs, all verify. */
  secrets: string[];
  /** How long a partner stays signed in. */
  sessionMs: number;
};

type Context = { publicUrl: string; log: Pick<Log, 'error' | 'warn'> };

/** `/console`: the partner's own pages. Who is signed in comes from the session's cookie, never from the address. */
export function createConsoleRoutes(deps: ConsoleDeps, { publicUrl, log }: Context): Router {
  const { db, checkKey, sessionMs, failingAfter } = deps;
  const routes = Router();
  const secrets = createConsoleSecrets(deps.secrets);
  const isSecure = publicUrl.startsWith('https:');
  const sessionCookie = createSessionCookie({ secrets, isSecure });

  routes.use(secureAnswers(publicUrl, ownScripts), keepNoAnswer);
  routes.use(createVisits({ db, secrets, isSecure }));
  routes.use(limitBody, express.urlencoded({ extended: false, limit: MAX_BODY_BYTES }));
  routes.use(createFormCheck(publicUrl));
  addLoginRoutes(routes, { db, checkKey, sessionCookie, lifetimeMs: sessionMs });

  routes.use(requireSession);
  addOverviewPages(routes, { db, publicUrl, failingAfter });
  addConversionPages(routes, { db });
  addPostbackPages(routes, { ...deps, publicUrl });
  // Before the pages of single deliveries, whose address would hold it.
  addReplayPages(routes, db);
  addDeliveryPages(routes, db);
  addKeyPages(routes, { db, sessionCookie });
  routes.use((req) => {
    throw new AppError('unknown', `There is no page ${req.baseUrl}${req.path}.`);
  });
  routes.use(createProblemHandler(log, sendConsoleProblem));
  return routes;
}

const keepNoAnswer: RequestHandler = (_req, res, next) => {
  res.set('cache-control', 'no-store');
  next();
};

const requireSession: RequestHandler = (req, res, next) => {
  if (visitOf(res).session) return next();
  const isReading = req.method === 'GET' || req.method === 'HEAD';
  const login = isReading ? `/console/login?next=${encodeURIComponent(req.originalUrl)}` : '/console/login';
  // A part of a page must not become the login: the whole page goes there.
  if (req.headers['hx-request'] !== undefined) return void res.set('hx-redirect', '/console/login').status(204).end();
  res.redirect(303, login);
};
