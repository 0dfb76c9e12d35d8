import express, { Router } from 'express';
import { AppError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { limitBody, MAX_BODY_BYTES } from '../protocol/body-limit.ts';
import type { KeyCheck } from '../protocol/keys/key-check.ts';
import { createProblemHandler } from '../protocol/problem.ts';
import { createPartnerAuth } from './auth.ts';
import { addConversionRoutes } from './conversions/conversion-routes.ts';
import { addEarningsRoutes } from './earnings/earnings-routes.ts';
import { addKeyRoutes } from './key/key-routes.ts';
import { limitReports } from './limit-reports.ts';
import { addPostbackRoutes } from './postbacks/postback-routes.ts';
import { addPresetRoutes } from './presets/preset-routes.ts';
import { addReplayRoutes } from './replays/replay-routes.ts';
import { addStatsRoutes } from './stats/stats-routes.ts';
import { addSettingsRoutes, type SettingsDeps } from './settings/settings-routes.ts';
import { addSigningRoutes } from './signing/signing-routes.ts';
import { addTestCallRoutes } from './test-calls/test-call-routes.ts';
import type { TestCallDeps, TestCalls } from './test-calls/test-calls.ts';

export type PartnerDeps = Omit<SettingsDeps, 'publicUrl'> & TestCallDeps;

export type PartnerContext = {
  publicUrl: string;
  checkKey: KeyCheck<string>;
  testCalls: TestCalls;
  log: Pick<Log, 'error' | 'warn'>;
};

/** `/v1/partner`: what a partner's own programs may do. The partner comes from the key, never from the address. */
export function createPartnerRoutes(
  deps: PartnerDeps,
  { publicUrl, checkKey, testCalls, log }: PartnerContext,
): Router {
  const routes = Router();
  routes.use((_req, res, next) => {
    res.set('cache-control', 'no-store');
    next();
  });
  routes.use(createPartnerAuth(checkKey));
  routes.use(limitReports());
  routes.use(limitBody, express.json({ limit: MAX_BODY_BYTES }));
  addSettingsRoutes(routes, { ...deps, publicUrl });
  addTestCallRoutes(routes, { ...deps, testCalls });
  addPresetRoutes(routes, { publicUrl });
  addPostbackRoutes(routes, deps.db);
  addReplayRoutes(routes, deps.db);
  addConversionRoutes(routes, deps.db);
  addStatsRoutes(routes, deps.db);
  addEarningsRoutes(routes, deps.db);
  addSigningRoutes(routes, deps.db);
  addKeyRoutes(routes, deps.db);
  routes.use((req) => {
    throw new AppError('unknown', `There is no ${req.method} ${req.baseUrl}${req.path}; see /docs.`);
  });
  routes.use(createProblemHandler(log));
  return routes;
}
