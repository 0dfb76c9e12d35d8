import type { Router } from 'express';
import { findLeadOfConversion, readLeadFacts } from '../../db/reports/lead-facts.ts';
import { listStatusCalls } from '../../db/reports/status-calls.ts';
import { AppError } from '../../errors.ts';
import type { AdminDeps, AdminContext } from './routes.ts';
import { readWith, statusCallPageSchema } from './schemas.ts';
import { tellConversionStory, tellLeadStory } from '../../stories/story.ts';

/** Looking at a lead or a conversion, and at the advertisers' calls that were refused. */
export function addStoryRoutes(routes: Router, deps: AdminDeps, context: AdminContext): void {
  const { db, statuses } = deps;
  const { temporalUiUrl, temporalNamespace } = context;
  const options = { windowMs: deps.windowMs, temporalUiUrl, temporalNamespace };

  routes.get('/leads/:id', async (req, res) => {
    const facts = await readLeadFacts(db, req.params.id);
    if (!facts) throw new AppError('unknown', `There is no lead ${req.params.id}.`);
    res.json(tellLeadStory(facts, options));
  });
  routes.get('/conversions/:id', async (req, res) => {
    const leadId = await findLeadOfConversion(db, req.params.id);
    const facts = leadId === undefined ? undefined : await readLeadFacts(db, leadId);
    if (!facts) throw new AppError('unknown', `There is no conversion ${req.params.id}.`);
    res.json(tellConversionStory(req.params.id, facts, options));
  });
  routes.get('/status-calls', async (req, res) => {
    const page = readWith(statusCallPageSchema, req.query);
    const calls = await listStatusCalls(db, page);
    const last = calls.length < page.limit ? undefined : calls.at(-1);
    res.json({ status_calls: calls, next: last?.call_id ?? null });
  });
  routes.post('/status-calls/:id/accept', async (req, res) => {
    const callId = Number(req.params.id);
    if (!Number.isSafeInteger(callId) || callId < 1) {
      throw new AppError('unknown', `There is no status call ${req.params.id}.`);
    }
    const { conversionId, status, result } = await statuses.acceptLate(callId);
    res.json({ call_id: callId, conversion_id: conversionId, status, result });
  });
}
