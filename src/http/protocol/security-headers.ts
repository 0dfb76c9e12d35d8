import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

/** Whatever hostile text slips into a page, nothing of it runs, loads or sends. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    'default-src': ["'none'"],
    'style-src': ["'self'"],
    // Pico draws its small icons as data URLs.
    'img-src': ["'self'", 'data:'],
    'form-action': ["'self'"],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'none'"],
  },
};

/** @returns sets the security headers of an answer; of a redirect that only leads on, none are needed */
export function createSecurityHeaders(publicUrl: string): (req: IncomingMessage, res: ServerResponse) => void {
  const setHeaders = helmet({
    contentSecurityPolicy,
    frameguard: { action: 'deny' },
    // Others learn from which site a visitor comes, never his ref_id or his lead's token.
    referrerPolicy: { policy: 'strict-origin' },
    strictTransportSecurity: publicUrl.startsWith('https:') ? { includeSubDomains: false } : false,
    crossOriginEmbedderPolicy: false,
  });
  return (req, res) => setHeaders(req, res, ignore);
}

function ignore(): void {
  // helmet goes on to nothing: the caller does.
}
