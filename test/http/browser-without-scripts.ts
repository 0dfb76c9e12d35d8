import { parseSetCookie } from 'cookie';
import type { Express } from 'express';
import request from 'supertest';

/** A browser without scripts: it keeps cookies, and takes the forms of the page that it has seen last. */
export type ConsoleVisitor = {
  get(path: string, headers?: Record<string, string>): Promise<request.Response>;
  /** Sends a form as the last page would, with its token; a list is a field that stands there several times. */
  post(path: string, fields?: FormFields, headers?: Record<string, string>): Promise<request.Response>;
  /** Sends a form with a file, as the last page would. */
  postFile(
    path: string,
    form: { fields?: Record<string, string>; file: string },
    headers?: Record<string, string>,
  ): Promise<request.Response>;
  /** Sends a form as a page of somebody else would. */
  postWithout(
    path: string,
    fields?: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<request.Response>;
  /** The same browser, at another process of ours. */
  through(other: { app: Express }): ConsoleVisitor;
};

export type FormFields = Record<string, string | string[]>;

type Kept = { cookies: Map<string, string>; token: string };

export function openBrowserWithoutScripts(
  { app }: { app: Express },
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
  const post = (path: string, fields: FormFields, headers: Record<string, string>) =>
    send(request(app).post(path).set(headers).type('form').send(encodeForm(fields)));
  return {
    get: (path, headers = {}) => send(request(app).get(path).set(headers)),
    post: (path, fields = {}, headers = {}) => post(path, { csrf: kept.token, ...fields }, headers),
    postFile(path, { fields = {}, file }, headers = {}) {
      const call = request(app)
        .post(path)
        .set(headers)
        .field({ csrf: kept.token, ...fields });
      return send(call.attach('file', Buffer.from(file), { filename: 'file.csv', contentType: 'text/csv' }));
    },
    postWithout: (path, fields = {}, headers = {}) => post(path, fields, headers),
    through: (other) => openBrowserWithoutScripts(other, kept),
  };
}

function encodeForm(fields: FormFields): string {
  const pairs = Object.entries(fields).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
  return new URLSearchParams(pairs).toString();
}
