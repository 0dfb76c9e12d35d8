import type { IncomingHttpHeaders } from 'node:http';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { Response } from 'express';
import type { ConsoleSecrets, Purpose } from './console-secrets.ts';

/** A value in a browser that it can neither read by script nor change. */
export type SignedCookie = {
  read(headers: IncomingHttpHeaders): string | undefined;
  /** @param maxAgeMs until the browser ends when left out */
  set(res: Response, value: string, maxAgeMs?: number): void;
  clear(res: Response): void;
};

const PREFIX = 'console_';
const MAX_VALUE_LENGTH = 2000;

export function createSignedCookie(
  purpose: Purpose,
  { secrets, isSecure }: { secrets: ConsoleSecrets; isSecure: boolean },
): SignedCookie {
  const name = `${PREFIX}${purpose}`;
  const attributes = { path: '/console', httpOnly: true, sameSite: 'lax', secure: isSecure } as const;
  return {
    read(headers) {
      for (const given of readCookies(headers, name)) {
        const [value = '', signature = ''] = given.split('.', 2);
        if (given.length > MAX_VALUE_LENGTH || !secrets.isSigned(purpose, value, signature)) continue;
        return Buffer.from(value, 'base64url').toString();
      }
      return undefined;
    },
    set(res, text, maxAgeMs) {
      const value = Buffer.from(text).toString('base64url');
      const maxAge = maxAgeMs === undefined ? undefined : Math.floor(maxAgeMs / 1000);
      const signed = `${value}.${secrets.sign(purpose, value)}`;
      res.append('set-cookie', stringifySetCookie(name, signed, { ...attributes, maxAge }));
    },
    clear: (res) => void res.append('set-cookie', stringifySetCookie(name, '', { ...attributes, maxAge: 0 })),
  };
}

/** All of them: another path or a foreign hand may have put one of the same name before ours. */
function readCookies({ cookie = '' }: IncomingHttpHeaders, name: string): string[] {
  return cookie.split(';').flatMap((pair) => parseCookie(pair)[name] ?? []);
}

/** The time zone that the console's script has found in the browser. */
export function readZoneCookie(headers: IncomingHttpHeaders): string | undefined {
  return readCookies(headers, 'console_zone')[0];
}
