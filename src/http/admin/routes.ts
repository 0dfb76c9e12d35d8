import express, { Router } from 'express';
import type { Knex } from 'knex';
import { AppError } from '../../errors.ts';
import type { StatusIntake } from '../../intake/status.ts';
import type { Log } from '../../log.ts';
import type { AddressRules } from '../../outbound/address-rules.ts';
import { createAdminAuth } from './auth.ts';
import { addAdvertiserRoutes, addOfferRoutes, addPartnerRoutes } from './catalogue-routes.ts';
import { describeAdminApi } from './openapi.ts';
import { addStoryRoutes } from './story-routes.ts';
import { createProblemHandler } from '../protocol/problem.ts';

export type AdminDeps = {
  db: Knex;
  adminApiKey: string;
  statuses: Pick<StatusIntake, 'acceptLate'>;
  publicUrl: string;
  addressRules: AddressRules;
  windowMs: number;
};

export type AdminContext = {
  temporalUiUrl: string | null;
  temporalNamespace: string;
  log: Pick<Log, 'error' | 'warn'>;
};

/** `/v1/admin`: what Cashcat's own people and programs may do. */
export function createAdminRoutes(deps: AdminDeps, context: AdminContext): Router {
  const routes = Router();
  const description = describeAdminApi();
  routes.get('/openapi.json', (_req, res) => {
    res.json(description);
  });
  routes.use(createAdminAuth(deps.adminApiKey));
  routes.use(express.json({ limit: '64kb' }));
  routes.use((_req, res, next) => {
    res.set('cache-control', 'no-store');
    next();
  });
  addPartnerRoutes(routes, deps);
  addAdvertiserRoutes(routes, deps);
  addOfferRoutes(routes, deps);
  addStoryRoutes(routes, deps, context);
  routes.use((req) => {
    throw new AppError('unknown', `There is no ${req.method} ${req.baseUrl}${req.path}; see /v1/admin/openapi.json.`);
  });
  routes.use(createProblemHandler(context.log));
  return routes;
}
