import type { Router } from 'express';
import type { Knex } from 'knex';
import { findLeadOfConversion, readLeadFacts } from '../../db/reports/lead-facts.ts';
import { AppError } from '../../errors.ts';
import { tellConversionStory } from '../../stories/conversion-story.ts';
import type { TemporalUi } from '../../stories/lead-address.ts';
import { tellLeadStory } from '../../stories/lead-story.ts';
import { allowOnly } from '../protocol/method-not-allowed.ts';

/** Looking at a lead or a conversion; nothing is changed. */
export function addStoryRoutes(routes: Router, db: Knex, options: TemporalUi & { windowMs: number }): void {
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
  routes.all(['/leads/:id', '/conversions/:id'], allowOnly('GET', 'HEAD'));
}
