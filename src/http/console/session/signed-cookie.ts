import type { IncomingHttpHeaders } from 'node:http';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { Response } from 'express';
import type { ConsolePlace } from '../console-place.ts';
import type { ConsoleSecrets, Purpose } from './console-secrets.ts';

/** A value in a browser that it can neither read by script nor change. */
export type SignedCookie = {
  read(headers: IncomingHttpHeaders): string | undefined;
  /** @param maxAgeMs until the browser ends when left out */
  set(res: Response, value: string, maxAgeMs?: number): void;
  clear(res: Response): void;
};

/** What the cookies of a console have in common. */
export type Seals = {
  place: ConsolePlace;
  secrets: ConsoleSecrets;
  /** Whether only https carries them; when left out, as long as https has brought the request. */
  isSecure?: boolean;
};

const MAX_VALUE_LENGTH = 2000;

export function createSignedCookie(purpose: Purpose, { place, secrets, isSecure }: Seals): SignedCookie {
  const name = `${place.name}_${purpose}`;
  const attributesFor = ({ req }: Response) =>
    ({ path: place.path, httpOnly: true, sameSite: place.sameSite, secure: isSecure ?? req.secure }) as const;
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
      res.append('set-cookie', stringifySetCookie(name, signed, { ...attributesFor(res), maxAge }));
    },
    clear: (res) => void res.append('set-cookie', stringifySetCookie(name, '', { ...attributesFor(res), maxAge: 0 })),
  };
}

/** All of them: another path or a foreign hand may have put one of the same name before ours. */
function readCookies({ cookie = '' }: IncomingHttpHeaders, name: string): string[] {
  return cookie.split(';').flatMap((pair) => parseCookie(pair)[name] ?? []);
}

/** The time zone that a console's script has found in the browser. */
export function readZoneCookie(headers: IncomingHttpHeaders): string | undefined {
  return readCookies(headers, 'console_zone')[0];
}
