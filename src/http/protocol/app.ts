import express, { type Express, type RequestHandler } from 'express';
import { createSecurityHeaders } from './security-headers.ts';

/** What the apps of both listeners have in common. @param trustProxy a hop count or a list of addresses, never everybody */
export function createApp(trustProxy: number | string | false): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', trustProxy);
  return app;
}

/** Sets the security headers of every answer that comes after it. @param allowed what these may do beyond what all may */
export function secureAnswers(publicUrl: string, allowed?: Record<string, string[]>): RequestHandler {
  const setSecurityHeaders = createSecurityHeaders(publicUrl, allowed);
  return (req, res, next) => {
    setSecurityHeaders(req, res);
    next();
  };
}
