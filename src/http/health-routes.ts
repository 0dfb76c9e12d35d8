import { Router } from 'express';
import { allowOnly } from './method-not-allowed.ts';

/** `/healthz`: the process is alive. `/readyz`: it can commit. */
export function createHealthRoutes(checkReady: () => Promise<void>): Router {
  const routes = Router();
  routes.get('/healthz', (_req, res) => {
    res.set('cache-control', 'no-store').json({ status: 'ok' });
  });
  routes.get('/readyz', async (_req, res) => {
    res.set('cache-control', 'no-store');
    try {
      await checkReady();
      res.json({ status: 'ready' });
    } catch {
      // The cause is in the log of whoever checked; an orchestrator only needs to know.
      res.status(503).set('retry-after', '5').json({ status: 'not ready' });
    }
  });
  routes.all(['/healthz', '/readyz'], allowOnly('GET', 'HEAD'));
  return routes;
}
