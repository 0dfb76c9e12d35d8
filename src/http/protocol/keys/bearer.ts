import type { IncomingHttpHeaders } from 'node:http';

/** The token of an `Authorization: Bearer` header. */
export function readBearer({ authorization }: IncomingHttpHeaders): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}
