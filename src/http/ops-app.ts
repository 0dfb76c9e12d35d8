import type { Express } from 'express';
import { AppError } from '../errors.ts';
import { createAdminKeyCheck } from './admin/auth.ts';
import { createAdminRoutes, type AdminDeps, type AdminContext } from './admin/routes.ts';
import { createOpsConsole, type OpsConsoleDeps } from './ops/ops-console.ts';
import { createAssetRoutes } from './pages/assets.ts';
import { createApp, secureAnswers } from './protocol/app.ts';
import { createHostCheck } from './protocol/host-check.ts';
import { createHealthRoutes } from './protocol/health-routes.ts';
import { allowOnly } from './protocol/method-not-allowed.ts';
import { createProblemHandler } from './protocol/problem.ts';

export type OpsDeps = AdminContext & {
  /** Null in a process without the role api. */
  admin: (AdminDeps & OpsConsoleDeps & { adminApiKey: string }) | null;
  /** A hop count or a list of addresses; never everybody. */
  trustProxy: number | string | false;
  /** Names under which this listener is called, besides localhost and IP addresses. */
  allowedHosts: readonly string[];
  metrics: () => Promise<{ contentType: string; text: string }>;
  checkReady: () => Promise<void>;
};

/** Everything on the operations listener. */
export function createOpsApp(deps: OpsDeps): Express {
  const app = createApp(deps.trustProxy);
  // People read these answers with curl.
  app.set('json spaces', 2);
  app.use(secureAnswers(deps.admin?.publicUrl ?? ''));
  // Before the check: whoever looks whether this process lives calls it by a name of its own, and reads nothing but that.
  app.use(createHealthRoutes(deps.checkReady, deps.log));
  app.use(createHostCheck(deps.allowedHosts));
  app.get('/metrics', async (_req, res) => {
    const { contentType, text } = await deps.metrics();
    res.set({ 'content-type': contentType, 'cache-control': 'no-store' }).send(text);
  });
  app.all('/metrics', allowOnly('GET', 'HEAD'));
  if (deps.admin) {
    const { db, adminApiKey } = deps.admin;
    // One limit for the API and the console.
    const checkKey = createAdminKeyCheck(db, adminApiKey);
    app.use('/v1/admin', createAdminRoutes(deps.admin, { ...deps, checkKey }));
    app.get('/', (_req, res) => res.redirect(302, '/ops'));
    app.use(createAssetRoutes());
    app.use('/ops', createOpsConsole(deps.admin, { ...deps, checkKey }));
  }
  app.use((req) => {
    throw new AppError('unknown', `There is no ${req.method} ${req.path} on this listener.`);
  });
  app.use(createProblemHandler(deps.log));
  return app;
}
