import { setTimeout as delay } from 'node:timers/promises';
import { ADMIN_API_KEY } from '../support/program.ts';
import type { Callers } from './callers.ts';
import type { Journal } from './journal.ts';

type OpsCall = {
  method: 'get' | 'post' | 'put';
  path: string;
  body?: object;
  /** It can be done once: 409 says that it has been, by a call that was not answered. */
  isOnce?: boolean;
};

/** Cashcat's own people, who ask for the same again until it is answered. */
export type Ops = {
  /**
   * Calls the admin API; `path` follows `/v1/admin`.
   * @returns undefined for what has been done before, and for an answer that nobody expected or that never came, which the
   *   journal has then
   */
  ask<Answer>(call: OpsCall): Promise<Answer | undefined>;
};

const REPEAT_MS = 400;
const HEADERS = { authorization: `Bearer ${ADMIN_API_KEY}`, 'content-type': 'application/json' };

type OpsOptions = {
  /** Of the operations listener. */
  callers: Callers;
  journal: Journal;
  /** How long they ask for the same; longer than any outage lasts. */
  patienceMs: number;
};

export function createOps({ callers, journal, patienceMs }: OpsOptions): Ops {
  return {
    async ask<Answer>(asked: OpsCall) {
      const deadline = Date.now() + patienceMs;
      do {
        const answer = await call(asked);
        if (answer !== undefined && answer.status >= 200 && answer.status < 300)
          return JSON.parse(answer.body) as Answer;
        if (answer?.status === 409 && asked.isOnce) return undefined;
        if (answer !== undefined && answer.status !== 503) {
          const what = `ops were answered with ${answer.status} by ${asked.path}: ${answer.body.slice(0, 200)}`;
          return void journal.add({ type: 'odd', what });
        }
        await delay(REPEAT_MS);
      } while (Date.now() < deadline);
      journal.add({ type: 'odd', what: `ops had no answer for ${patienceMs / 1000} s by ${asked.path}` });
      return undefined;
    },
  };

  function call({ method, path, body }: OpsCall): ReturnType<Callers['get']> {
    const url = `/v1/admin${path}`;
    return method === 'get' ? callers.get(url, HEADERS) : callers[method](url, HEADERS, JSON.stringify(body ?? {}));
  }
}
