import { parseSetCookie } from 'cookie';
import request from 'supertest';
import type { Knex } from 'knex';
import { buildPartnerApi, type PartnerApi } from './build-partner-api.ts';
import type { BuildOptions } from './build-public-app.ts';

export type Console = PartnerApi & {
  /** A browser without scripts: it keeps cookies, and takes the forms of the page that it has seen last. */
  visitor(): ConsoleVisitor;
  /** The same, signed in. */
  signedIn(key?: string): Promise<ConsoleVisitor>;
};

export type ConsoleVisitor = {
  get(path: string): Promise<request.Response>;
  /** Sends a form as the last page would, with its token. */
  post(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<request.Response>;
  /** Sends a form as a page of somebody else would. */
  postWithout(
    path: string,
    fields?: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<request.Response>;
  /** The same browser, at another process of ours. */
  through(other: Console): ConsoleVisitor;
};

/** The console over a real database, with a new partner. */
export async function buildConsole(db: Knex, options: BuildOptions = {}): Promise<Console> {
  const api = await buildPartnerApi(db, { publicUrl: 'http://console.test', ...options });
  const visitor = () => createVisitor(api);
  return {
    ...api,
    visitor,
    async signedIn(key = api.key) {
      const made = visitor();
      await made.get('/console/login');
      await made.post('/console/login', { api_key: key });
      return made;
    },
  };
}

function createVisitor(
  { app }: Pick<PartnerApi, 'app'>,
  kept: Kept = { cookies: new Map(), token: '' },
): ConsoleVisitor {
  const send = async (call: request.Test) => {
    const cookie = [...kept.cookies].map((pair) => pair.join('=')).join('; ');
    const response = await call.set('cookie', cookie);
    for (const line of (response.headers['set-cookie'] ?? []) as unknown as string[]) {
      const { name, value = '', maxAge } = parseSetCookie(line);
      if (maxAge === 0) kept.cookies.delete(name);
      else kept.cookies.set(name, value);
    }
    kept.token = /name="csrf" value="([^"]+)"/.exec(response.text)?.[1] ?? kept.token;
    return response;
  };
  const post = (path: string, fields: object, headers: Record<string, string>) =>
    send(request(app).post(path).set(headers).type('form').send(fields));
  return {
    get: (path) => send(request(app).get(path)),
    post: (path, fields = {}, headers = {}) => post(path, { csrf: kept.token, ...fields }, headers),
    postWithout: (path, fields = {}, headers = {}) => post(path, fields, headers),
    through: (other) => createVisitor(other, kept),
  };
}

type Kept = { cookies: Map<string, string>; token: string };
