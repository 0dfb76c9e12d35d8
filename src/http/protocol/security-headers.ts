import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

type Directives = Record<string, string[]>;

/** Whatever hostile text slips into an answer that a browser shows, nothing of it runs, loads or sends. */
const strictDirectives: Directives = {
  'default-src': ["'none'"],
  'style-src': ["'self'"],
  // Pico draws its small icons as data URLs.
  'img-src': ["'self'", 'data:'],
  'form-action': ["'self'"],
  'base-uri': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/** For pages that are improved by scripts of ours: these run, and may ask us alone. */
export const ownScripts: Directives = { 'script-src': ["'self'"], 'connect-src': ["'self'"] };

/**
 * @param allowed what the answers may do beyond what all may
 * @returns sets the security headers of an answer, be it a page, JSON or text; a redirect that only leads on needs none
 */
export function createSecurityHeaders(
  publicUrl: string,
  allowed: Directives = {},
): (req: IncomingMessage, res: ServerResponse) => void {
  const setHeaders = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { ...strictDirectives, ...allowed } },
    frameguard: { action: 'deny' },
    // Others learn from which site a visitor comes, never the visit's ref_id or the lead's token.
    referrerPolicy: { policy: 'strict-origin' },
    strictTransportSecurity: publicUrl.startsWith('https:') ? { includeSubDomains: false } : false,
    crossOriginEmbedderPolicy: false,
  });
  // They are always the same, so they are worked out once.
  const headers = new Map<string, string>();
  const record = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: () => undefined,
  };
  setHeaders({} as IncomingMessage, record as unknown as ServerResponse, ignore);
  return (_req, res) => {
    for (const [name, value] of headers) res.setHeader(name, value);
  };
}

function ignore(): void {
  // helmet goes on to nothing: the caller does.
}
