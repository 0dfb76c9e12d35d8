import express, { Router, type Response } from 'express';
import type { Knex } from 'knex';
import { endSession, findSession, startSession } from '../../../db/keys/console-sessions.ts';
import { AppError } from '../../../errors.ts';
import type { Log } from '../../../log.ts';
import { comesFrom, createFormCheck } from '../../console/session/check-form.ts';
import { createConsoleSecrets } from '../../console/session/console-secrets.ts';
import { addLoginRoutes } from '../../console/session/login-routes.ts';
import { keepNoAnswer, requireSession } from '../../console/session/require-session.ts';
import { createSessionCookie, createVisits } from '../../console/session/visit.ts';
import { secureAnswers } from '../../protocol/app.ts';
import { limitBody, MAX_BODY_BYTES } from '../../protocol/body-limit.ts';
import type { KeyCheck } from '../../protocol/keys/key-check.ts';
import { createProblemHandler } from '../../protocol/problem.ts';
import { ownScripts } from '../../protocol/security-headers.ts';
import { createReportLimit } from '../limit-reports.ts';
import { sendConsoleProblem } from './console-page.ts';
import { addConversionPages } from './conversions/conversion-pages.ts';
import { addDeliveryPages } from './deliveries/delivery-pages.ts';
import { addReplayPages } from './deliveries/replays/replay-pages.ts';
import { addEarningsPages } from './earnings/earnings-pages.ts';
import { addFiles } from './files.ts';
import { addKeyPages } from './key/key-pages.ts';
import { sendLogin } from './login-page.ts';
import { addOverviewPages, type OverviewDeps } from './overview/overview-pages.ts';
import { addPostbackPages, type PostbackPagesDeps } from './postbacks/postback-pages.ts';
import { partnerConsole, sessionOf } from './partner-session.ts';

export type ConsoleDeps = Omit<PostbackPagesDeps & OverviewDeps, 'publicUrl' | 'reports'> & {
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
  const seals = {
    place: partnerConsole,
    secrets: createConsoleSecrets(deps.secrets, partnerConsole),
    isSecure: publicUrl.startsWith('https:'),
  };
  const sessionCookie = createSessionCookie(seals);

  routes.use(secureAnswers(publicUrl, ownScripts), keepNoAnswer);
  routes.use(createVisits(seals, (sessionId) => findSession(db, sessionId)));
  routes.use(limitBody, express.urlencoded({ extended: false, limit: MAX_BODY_BYTES }));
  routes.use(createFormCheck({ isFromOurPage: comesFrom(publicUrl), sendProblem: sendConsoleProblem }));
  addLoginRoutes(routes, {
    ...{ place: partnerConsole, checkKey, sessionCookie, lifetimeMs: sessionMs },
    startSession: (partnerId, key) => startSession(db, { partnerId, key, lifetimeMs: sessionMs }),
    endSession: (res: Response) => endSession(db, sessionOf(res)),
    sendLogin: (res, status, page) => sendLogin(res, { title: 'Sign in', status }, page),
  });

  routes.use(requireSession(partnerConsole));
  // Apart from those of the partner's programs: neither they nor its people keep the other waiting.
  const reports = createReportLimit();
  addOverviewPages(routes, { db, publicUrl, failingAfter, reports });
  addConversionPages(routes, { db });
  addPostbackPages(routes, { ...deps, publicUrl });
  // Before the pages of single deliveries, whose address would hold it.
  addReplayPages(routes, { db, reports });
  addDeliveryPages(routes, db);
  addEarningsPages(routes, { db, reports });
  addFiles(routes, { db, reports });
  addKeyPages(routes, { db, sessionCookie });
  routes.use((req) => {
    throw new AppError('unknown', `There is no page ${req.baseUrl}${req.path}.`);
  });
  routes.use(createProblemHandler(log, sendConsoleProblem));
  return routes;
}
