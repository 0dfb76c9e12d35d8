import { Router, type Response } from 'express';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { allowOnly } from '../protocol/method-not-allowed.ts';
import { renderDocs } from './docs-page.ts';
import type { GuideFacts } from './guide/guide-section.ts';
import { describePublicApi } from './public-openapi.ts';

/** `/docs` for people: the guide and the API; `/openapi.json` for programs: the API alone. */
export function createDocsRoutes(facts: GuideFacts, partnerCalls: ZodOpenApiPathsObject): Router {
  const routes = Router();
  const description = describePublicApi(facts.publicUrl, partnerCalls);
  const json = JSON.stringify(description, null, 2);
  const page = renderDocs(description, facts);
  routes.get('/openapi.json', (_req, res) => send(res, 'application/json; charset=utf-8', json));
  routes.get('/docs', (_req, res) => send(res, 'text/html; charset=utf-8', page));
  routes.get('/robots.txt', (_req, res) => send(res, 'text/plain; charset=utf-8', ROBOTS));
  routes.all(['/openapi.json', '/docs', '/robots.txt'], allowOnly('GET', 'HEAD'));
  return routes;
}

// Referral links are not for search engines; the previewers of messengers do not ask.
const ROBOTS = 'User-agent: *\nAllow: /docs\nDisallow: /\n';

function send(res: Response, type: string, content: string): void {
  res.set({ 'content-type': type, 'cache-control': 'public, max-age=300' }).send(content);
}
