import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Random } from './random.ts';

/** What came back; undefined when nothing did, because the process that was called was killed. */
export type HttpAnswer = { status: number; location: string; cookie: string | undefined; body: string };

export type Callers = {
  /** Calls any of the apis that are up. */
  get(path: string, headers: Record<string, string>): Promise<HttpAnswer | undefined>;
  post(path: string, headers: Record<string, string>, body: string): Promise<HttpAnswer | undefined>;
  put(path: string, headers: Record<string, string>, body: string): Promise<HttpAnswer | undefined>;
  close(): Promise<void>;
};

type CallOptions = { method: 'GET' | 'POST' | 'PUT'; headers: Record<string, string>; body?: string };

const CONNECTIONS = 32;
const TIMEOUT_MS = 15_000;
const NOBODY_THERE_MS = 200;

/** `apis` are the URLs of the apis that are up at this moment: all public ones, or all of the operations listener. */
export function createCallers(apis: () => string[], random: Random): Callers {
  const http = new Agent({ connections: CONNECTIONS, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  return {
    get: (path, headers) => call(path, { method: 'GET', headers }),
    post: (path, headers, body) => call(path, { method: 'POST', headers, body }),
    put: (path, headers, body) => call(path, { method: 'PUT', headers, body }),
    close: () => http.destroy(),
  };

  async function call(path: string, options: CallOptions): Promise<HttpAnswer | undefined> {
    const origins = apis();
    if (origins.length === 0) {
      await delay(NOBODY_THERE_MS);
      return undefined;
    }
    try {
      const answer = await request(random.pick(origins) + path, { dispatcher: http, ...options });
      return {
        status: answer.statusCode,
        location: String(answer.headers['location'] ?? ''),
        cookie: /lead=([^;]+)/.exec(String(answer.headers['set-cookie'] ?? ''))?.[1],
        body: await answer.body.text(),
      };
    } catch {
      return undefined;
    }
  }
}
