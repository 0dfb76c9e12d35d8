import express, { Router } from 'express';
import { AppError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { TemporalUi } from '../../stories/lead-address.ts';
import { limitBody, MAX_BODY_BYTES } from '../protocol/body-limit.ts';
import { allowOnly } from '../protocol/method-not-allowed.ts';
import { createProblemHandler } from '../protocol/problem.ts';
import { needsByMethod, type Admin } from '../protocol/actor.ts';
import type { KeyCheck } from '../protocol/keys/key-check.ts';
import { addAuditRoutes } from './audit/audit-routes.ts';
import { addAccessRoutes } from './access/access-routes.ts';
import { createAdminAuth } from './auth.ts';
import { addKeyRoutes } from './keys/key-routes.ts';
import {
  addAdvertiserRoutes,
  addOfferRoutes,
  addPartnerRoutes,
  type PartnerDeps,
} from './catalogue/catalogue-routes.ts';
import { addLedgerRoutes } from './ledger/ledger-routes.ts';
import { addListRoutes } from './lists/list-routes.ts';
import { addEndpointRoutes, type EndpointDeps } from './endpoints/endpoint-routes.ts';
import { addImportRoutes, addUploadRoute, type ImportDeps } from './imports/import-routes.ts';
import { addFraudRoutes } from './fraud/fraud-routes.ts';
import { describeAdminApi } from './openapi.ts';
import { addPriceRoutes } from './prices/price-routes.ts';
import { addPullRoutes, type PullDeps } from './pulls/pull-routes.ts';
import { addSilenceRoutes, type SilenceDeps } from './silence/silence-routes.ts';
import { addStatusCallRoutes, type StatusCallDeps } from './status-calls/status-call-routes.ts';
import { addUnknownWordRoutes } from './status-calls/unknown-word-routes.ts';
import { addStoryRoutes } from './stories/story-routes.ts';

export type AdminDeps = PartnerDeps &
  ImportDeps &
  StatusCallDeps &
  SilenceDeps &
  EndpointDeps &
  PullDeps & { windowMs: number };

export type AdminContext = TemporalUi & { log: Pick<Log, 'error' | 'warn'> };

type Called = AdminContext & { checkKey: KeyCheck<Admin> };

/** `/v1/admin`: what Cashcat's own people and programs may do. */
export function createAdminRoutes(
  deps: AdminDeps,
  { temporalUiUrl, temporalNamespace, checkKey, log }: Called,
): Router {
  const routes = Router();
  const description = describeAdminApi();
  routes.get('/openapi.json', (_req, res) => {
    res.json(description);
  });
  routes.all('/openapi.json', allowOnly('GET', 'HEAD'));
  routes.use(createAdminAuth(checkKey), needsByMethod);
  addUploadRoute(routes, deps);
  routes.use(limitBody, express.json({ limit: MAX_BODY_BYTES }));
  routes.use((_req, res, next) => {
    res.set('cache-control', 'no-store');
    next();
  });
  addPartnerRoutes(routes, deps);
  addAdvertiserRoutes(routes, deps);
  addAccessRoutes(routes, deps.db);
  addPullRoutes(routes, deps);
  addOfferRoutes(routes, deps);
  addPriceRoutes(routes, deps);
  addLedgerRoutes(routes, deps.db);
  addStoryRoutes(routes, deps.db, { windowMs: deps.windowMs, temporalUiUrl, temporalNamespace });
  addListRoutes(routes, deps.db, deps);
  addStatusCallRoutes(routes, deps);
  addUnknownWordRoutes(routes, deps);
  addSilenceRoutes(routes, deps);
  addEndpointRoutes(routes, deps);
  addFraudRoutes(routes, deps.db);
  addKeyRoutes(routes, deps.db);
  addAuditRoutes(routes, deps.db);
  addImportRoutes(routes, deps);
  routes.use((req) => {
    throw new AppError('unknown', `There is no ${req.method} ${req.baseUrl}${req.path}; see /v1/admin/openapi.json.`);
  });
  routes.use(createProblemHandler(log));
  return routes;
}
