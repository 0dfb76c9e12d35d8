import type { Router } from 'express';
import type { Knex } from 'knex';
import { readPartnerConversionFacts } from '../../../db/reports/partner-conversion-facts.ts';
import { tellPartnerConversion } from '../../../stories/partner-conversion-story.ts';
import { readWith } from '../../fields/read-with.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { partnerOf } from '../auth.ts';
import { notYours } from '../not-yours.ts';
import { sendList } from '../../fields/lists.ts';
import { conversionColumns } from './conversion-csv.ts';
import { conversionListSchema } from './conversion-schemas.ts';
import { readConversionsFor } from './read-conversions.ts';

/** The conversions that concern a partner, and its part of their stories. */
export function addConversionRoutes(routes: Router, db: Knex): void {
  routes.get('/conversions', async (req, res) => {
    const { limit, cursor, ...filters } = readWith(conversionListSchema, req.query);
    const partnerId = partnerOf(res);
    await sendList(req, res, {
      query: { limit, cursor },
      read: readConversionsFor(res, db, { ...filters, partnerId }),
      view: (conversion) => conversion,
      csv: { name: 'conversions', columns: conversionColumns },
    });
  });
  routes.get('/conversions/:id', async (req, res) => {
    const { id: conversionId } = req.params;
    const facts = await readPartnerConversionFacts(db, { partnerId: partnerOf(res), conversionId });
    if (!facts) throw notYours('conversion', conversionId);
    res.json(tellPartnerConversion(facts));
  });
  routes.all(['/conversions', '/conversions/:id'], allowOnly('GET', 'HEAD'));
}
