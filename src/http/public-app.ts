import type { Express, RequestHandler, Router } from 'express';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createAssetRoutes } from './pages/assets.ts';
import { addClickRoutes, type ClickDeps } from './visitor/click-routes.ts';
import { createPartnerKeyCheck } from './partner/auth.ts';
import { createConsoleRoutes, type ConsoleDeps } from './partner/console/console-routes.ts';
import { createPartnerRoutes, type PartnerDeps } from './partner/routes.ts';
import { createTestCalls } from './partner/test-calls/test-calls.ts';
import { createHealthRoutes } from './protocol/health-routes.ts';
import { createApp, secureAnswers } from './protocol/app.ts';
import { createPages, type Pages } from './visitor/pages.ts';
import { createProblemHandler, makeProblem } from './protocol/problem.ts';
import { createImportRoutes, type FileDeps } from './advertiser/imports/import-routes.ts';
import { createStatusRoutes, refuseOtherCalls, type StatusDeps } from './advertiser/status-routes.ts';

export type PublicDeps = ClickDeps &
  StatusDeps &
  Pick<FileDeps, 'files'> & {
    checkReady: () => Promise<void>;
    /** A hop count or a list of addresses; never everybody. */
    trustProxy: number | string | false;
    partner: PartnerDeps;
    /** The guide and the description of the API. */
    docs: Router;
    console: Pick<ConsoleDeps, 'secrets' | 'sessionMs'>;
    log: Pick<Log, 'error' | 'warn'>;
  };

/** Everything on the public listener. */
export function createPublicApp(deps: PublicDeps): Express {
  const app = createApp(deps.trustProxy);
  const pages = createPages({ listOffers: () => deps.catalogue.offers(), publicUrl: deps.publicUrl, log: deps.log });

  addClickRoutes(app, pages, deps);

  app.use(secureAnswers(deps.publicUrl));
  // Before everything that is called less often.
  app.use(createStatusRoutes(deps));
  app.use(createImportRoutes({ ...deps, db: deps.partner.db }));
  app.use('/advertisers', refuseOtherCalls, createProblemHandler(deps.log));
  app.use(createAssetRoutes());
  app.use(createHealthRoutes(deps.checkReady, deps.log));
  // One limit each for the API and the console.
  const testCalls = createTestCalls(deps.partner);
  const checkKey = createPartnerKeyCheck(deps.partner.db);
  app.use('/v1/partner', createPartnerRoutes(deps.partner, { ...deps, checkKey, testCalls }));
  app.use(deps.docs);
  app.use('/console', createConsoleRoutes({ ...deps.partner, ...deps.console, checkKey, testCalls }, deps));
  app.use(['/v1', '/api'], refuseUnknown, createProblemHandler(deps.log));
  app.use(refuseOtherMethods(pages));
  app.use(pages.handleError);
  return app;
}

const refuseUnknown: RequestHandler = () => {
  throw new AppError('unknown', 'There is no such call; see /openapi.json.');
};

/** What comes this far leads nowhere, or was meant for a page but not as a visit. */
function refuseOtherMethods(pages: Pages): RequestHandler {
  return (req, res) => {
    if (req.method === 'GET' || req.method === 'HEAD') return pages.sendWall(res, 404, { notice: 'unknown_link' });
    res.set('allow', 'GET, HEAD');
    pages.sendProblem(res, makeProblem('method_not_allowed', 'Open this address in a browser.'));
  };
}
