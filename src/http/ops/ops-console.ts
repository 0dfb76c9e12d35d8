import express, { Router, type Response } from 'express';
import type { Knex } from 'knex';
import { endOpsSession, findOpsSession, startOpsSession } from '../../db/keys/ops-sessions.ts';
import { AppError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { createFormCheck } from '../console/session/check-form.ts';
import { createConsoleSecrets } from '../console/session/console-secrets.ts';
import { addLoginRoutes } from '../console/session/login-routes.ts';
import { keepNoAnswer } from '../console/session/require-session.ts';
import { createSessionCookie, createVisits } from '../console/session/visit.ts';
import { needsByMethod, type Admin } from '../protocol/actor.ts';
import { secureAnswers } from '../protocol/app.ts';
import { limitBody, MAX_BODY_BYTES } from '../protocol/body-limit.ts';
import type { KeyCheck } from '../protocol/keys/key-check.ts';
import { createProblemHandler } from '../protocol/problem.ts';
import { ownScripts } from '../protocol/security-headers.ts';
import { sendLogin } from './login-page.ts';
import { sendOpsProblem } from './ops-page.ts';
import { opsConsole, sessionOf } from './ops-session.ts';
import { addOverviewPages } from './overview/overview-pages.ts';
import { requireAdmin } from './require-admin.ts';

export type OpsConsoleDeps = {
  db: Knex;
  /** The key of the admin `root`. */
  adminApiKey: string;
  /** The first signs, all verify. */
  secrets: string[];
  /** How long an admin stays signed in. */
  sessionMs: number;
};

type Context = { checkKey: KeyCheck<Admin>; log: Pick<Log, 'error' | 'warn'> };

/**
 * `/ops`: the pages of those who keep the network running. Who is signed in comes from the session's cookie, and may do what
 * its key may: look with any, change something with the role operate, and what is marked by `needs('admin')` with that.
 */
export function createOpsConsole(deps: OpsConsoleDeps, { checkKey, log }: Context): Router {
  const { db, adminApiKey: rootKey, sessionMs } = deps;
  const routes = Router();
  const seals = { place: opsConsole, secrets: createConsoleSecrets(deps.secrets, opsConsole) };
  const sessionCookie = createSessionCookie(seals);

  routes.use(secureAnswers('', ownScripts), keepNoAnswer);
  routes.use(createVisits(seals, (sessionId) => findOpsSession(db, { sessionId, rootKey })));
  routes.use(limitBody, express.urlencoded({ extended: false, limit: MAX_BODY_BYTES }));
  // From which page a form comes has been judged for the whole listener.
  routes.use(createFormCheck({ isFromOurPage: () => true, sendProblem: sendOpsProblem }));
  addLoginRoutes(routes, {
    ...{ place: opsConsole, checkKey, sessionCookie, lifetimeMs: sessionMs },
    startSession: ({ name }, key) => startOpsSession(db, { name, key, lifetimeMs: sessionMs }),
    endSession: (res: Response) => endOpsSession(db, sessionOf(res)),
    sendLogin: (res, status, page) => sendLogin(res, { title: 'Sign in', status }, page),
  });

  routes.use(requireAdmin, needsByMethod);
  addPages(routes, deps);
  routes.use((req) => {
    throw new AppError('unknown', `There is no page ${req.baseUrl}${req.path}.`);
  });
  routes.use(createProblemHandler(log, sendOpsProblem));
  return routes;
}

/** The pages of each area; those whose address another one's would hold come first. */
function addPages(routes: Router, _deps: OpsConsoleDeps): void {
  addOverviewPages(routes);
}
