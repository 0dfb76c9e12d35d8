import express, { type Express } from 'express';
import { AppError } from '../errors.ts';
import { createAdminRoutes, type AdminDeps, type AdminContext } from './admin/routes.ts';
import { createHostCheck } from './protocol/host-check.ts';
import { createHealthRoutes } from './protocol/health-routes.ts';
import { allowOnly } from './protocol/method-not-allowed.ts';
import { createProblemHandler } from './protocol/problem.ts';
import { createSecurityHeaders } from './protocol/security-headers.ts';

export type OpsDeps = AdminContext & {
  /** Null in a process without the role api. */
  admin: AdminDeps | null;
  /** A hop count or a list of addresses; never everybody. */
  trustProxy: number | string | false;
  /** Names under which this listener is called, besides localhost and IP addresses. */
  allowedHosts: readonly string[];
  metrics: () => Promise<{ contentType: string; text: string }>;
  checkReady: () => Promise<void>;
};

/** Everything on the operations listener. */
export function createOpsApp(deps: OpsDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', deps.trustProxy);
  // People read these answers with curl.
  app.set('json spaces', 2);
  const setSecurityHeaders = createSecurityHeaders(deps.admin?.publicUrl ?? '');
  app.use((req, res, next) => {
    setSecurityHeaders(req, res);
    next();
  });
  app.use(createHealthRoutes(deps.checkReady, deps.log));
  app.get('/metrics', async (_req, res) => {
    const { contentType, text } = await deps.metrics();
    res.set({ 'content-type': contentType, 'cache-control': 'no-store' }).send(text);
  });
  app.all('/metrics', allowOnly('GET', 'HEAD'));
  // Not before the probes: whoever watches this process calls it by a name of its own, and there is no secret in them.
  app.use(createHostCheck(deps.allowedHosts));
  if (deps.admin) app.use('/v1/admin', createAdminRoutes(deps.admin, deps));
  app.use((req) => {
    throw new AppError('unknown', `There is no ${req.method} ${req.path} on this listener.`);
  });
  app.use(createProblemHandler(deps.log));
  return app;
}
