import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { isAtRest } from '../../../db/reports/at-rest.ts';
import { findLeadOfConversion, readFactsOfConversion, readLeadFacts } from '../../../db/reports/lead-facts.ts';
import { AppError } from '../../../errors.ts';
import { pauseUnlessAborted } from '../../../pause.ts';
import { tellConversionStory } from '../../../stories/conversion-story.ts';
import type { TemporalUi } from '../../../stories/lead-address.ts';
import { tellLeadStory } from '../../../stories/lead-story.ts';
import { readWith } from '../../fields/read-with.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { storyPageSchema, waitSchema } from './story-schemas.ts';

const LOOK_AGAIN_MS = 100;
const SECOND_MS = 1000;

/** Looking at a lead or a conversion; nothing is changed. */
export function addStoryRoutes(routes: Router, db: Knex, options: TemporalUi & { windowMs: number }): void {
  routes.get('/leads/:id', async (req, res) => {
    const { after, limit } = readWith(storyPageSchema, req.query);
    const facts = await readLeadFacts(db, req.params.id, { afterSeq: after, limit });
    if (!facts) throw new AppError('unknown', `There is no lead ${req.params.id}.`);
    res.json(tellLeadStory(facts, options));
  });
  routes.get('/conversions/:id', async (req, res) => {
    const { wait } = readWith(waitSchema, req.query);
    const leadId = await findLeadOfConversion(db, req.params.id);
    if (leadId !== undefined && wait > 0)
      await waitForRest(db, { conversionId: req.params.id, res, waitMs: wait * SECOND_MS });
    const facts = await readFactsOfConversion(db, req.params.id);
    if (!facts) throw new AppError('unknown', `There is no conversion ${req.params.id}.`);
    res.json(tellConversionStory(facts, options));
  });
  routes.all(['/leads/:id', '/conversions/:id'], allowOnly('GET', 'HEAD'));
}

/** Ends as soon as there is nothing more to wait for, when the time is up, or when the caller has gone. */
async function waitForRest(
  db: Knex,
  { conversionId, res, waitMs }: { conversionId: string; res: Response; waitMs: number },
): Promise<void> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const until = new Date(Date.now() + waitMs);
  while (!gone.signal.aborted && Date.now() < until.getTime() && !(await isAtRest(db, conversionId, until))) {
    await pauseUnlessAborted(LOOK_AGAIN_MS, gone.signal);
  }
}
