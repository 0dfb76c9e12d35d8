import { Router } from 'express';
import { inTime } from '../../in-time.ts';
import type { Log } from '../../log.ts';
import { allowOnly } from './method-not-allowed.ts';
import { noteNotReady } from './unavailable-log.ts';

// Whatever hangs, the answer is out within three seconds.
const LOOK_WITHIN_MS = 2500;

/** `/healthz`: the process is alive. `/readyz`: it can commit. */
export function createHealthRoutes(checkReady: () => Promise<void>, log: Pick<Log, 'warn'>): Router {
  const routes = Router();
  const checkOnce = shareRunning(checkReady);
  routes.get('/healthz', (_req, res) => {
    res.set('cache-control', 'no-store').json({ status: 'ok' });
  });
  routes.get('/readyz', async (_req, res) => {
    res.set('cache-control', 'no-store');
    if (await isReady(checkOnce, log)) res.json({ status: 'ready' });
    else res.status(503).set('retry-after', '5').json({ status: 'not ready' });
  });
  routes.all(['/healthz', '/readyz'], allowOnly('GET', 'HEAD'));
  return routes;
}

/** An orchestrator only needs to know; why is for people. */
async function isReady(checkReady: () => Promise<void>, log: Pick<Log, 'warn'>): Promise<boolean> {
  try {
    await inTime(checkReady, { withinMs: LOOK_WITHIN_MS, message: 'Readiness could not be looked at in time.' });
    return true;
  } catch (error) {
    noteNotReady(error, log);
    return false;
  }
}

/** However many ask at the same time, one look answers them: a flood of questions must not stand before clicks. */
function shareRunning(check: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= check().finally(() => (running = undefined)));
}
