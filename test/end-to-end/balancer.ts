import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { call } from '../support/network-over-http.ts';

// Of each kind; each of them sends its next request when its last answer is in.
const VISITORS = 6;
const PROBE_INTERVAL_MS = 50;

export type Balancer = {
  answered(): number;
  /** What visitors got in place of a redirect: another status, or the error of a request that got no answer. */
  failures: string[];
  stop(): Promise<void>;
};

type Backend = { url: string; isReady: boolean; pool: Pool };

/**
 * Visitors who click on and on through a balancer over several apis, half of them on connections that are kept, half on new
 * ones. It sends nothing more to an api as soon as that one's `/readyz` says something else than 200.
 */
export function startBalancer(urls: string[], path: string): Balancer {
  const stopping = new AbortController();
  const backends = urls.map((url): Backend => ({ url, isReady: true, pool: new Pool(url, { connections: VISITORS }) }));
  const failures: string[] = [];
  let answered = 0;
  let turn = 0;
  const probing = backends.map(probeOnAndOn);
  const visiting = Array.from({ length: 2 * VISITORS }, (_, index) => visitOnAndOn(index % 2 === 0));
  return {
    answered: () => answered,
    failures,
    async stop() {
      stopping.abort();
      await Promise.all([...probing, ...visiting]);
      await Promise.all(backends.map(({ pool }) => pool.destroy()));
    },
  };

  async function probeOnAndOn(backend: Backend): Promise<void> {
    while (!stopping.signal.aborted) {
      backend.isReady = await call(`${backend.url}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      );
      await delay(PROBE_INTERVAL_MS);
    }
  }

  async function visitOnAndOn(keepsConnection: boolean): Promise<void> {
    while (!stopping.signal.aborted) {
      const ready = backends.filter(({ isReady }) => isReady);
      const backend = ready[turn++ % ready.length];
      if (!backend) return void failures.push('no api was ready');
      try {
        const { statusCode, body } = await backend.pool.request({ path, method: 'GET', reset: !keepsConnection });
        await body.dump();
        if (statusCode === 302) answered++;
        else failures.push(String(statusCode));
      } catch (error) {
        failures.push(`${keepsConnection ? 'kept' : 'new'}: ${String(error)}`);
      }
    }
  }
}
