import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Random } from './random.ts';

/** What came back; undefined when nothing did, because the process that was called was killed. */
export type HttpAnswer = { status: number; location: string; cookie: string | undefined; body: string };

export type Callers = {
  /** Calls any of the apis that are up. */
  get(path: string, headers: Record<string, string>): Promise<HttpAnswer | undefined>;
  close(): Promise<void>;
};

const CONNECTIONS = 32;
const TIMEOUT_MS = 15_000;
const NOBODY_THERE_MS = 200;

/** `apis` are the public URLs of the apis that are up at this moment. */
export function createCallers(apis: () => string[], random: Random): Callers {
  const http = new Agent({ connections: CONNECTIONS, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  return {
    async get(path, headers) {
      const origins = apis();
      if (origins.length === 0) {
        await delay(NOBODY_THERE_MS);
        return undefined;
      }
      try {
        const answer = await request(random.pick(origins) + path, { dispatcher: http, headers });
        return {
          status: answer.statusCode,
          location: String(answer.headers['location'] ?? ''),
          cookie: /lead=([^;]+)/.exec(String(answer.headers['set-cookie'] ?? ''))?.[1],
          body: await answer.body.text(),
        };
      } catch {
        return undefined;
      }
    },
    close: () => http.destroy(),
  };
}
