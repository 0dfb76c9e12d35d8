import type { Router } from 'express';
import type { Knex } from 'knex';
import { readPartnerConversionFacts } from '../../../../db/reports/partner-conversion-facts.ts';
import { findPartnerConversion } from '../../../../db/reports/partner-conversion-standing.ts';
import { listPartnerConversions, partnerConversionStatuses } from '../../../../db/reports/partner-conversions.ts';
import { tellPartnerConversion } from '../../../../stories/partner-conversion-story.ts';
import { firstOf, readQuery } from '../../../protocol/query.ts';
import { conversionListSchema } from '../../conversions/conversion-schemas.ts';
import { placesOf, readListFilters } from '../../../console/list-filters.ts';
import { visitOf } from '../../../console/session/visit.ts';
import { sessionOf } from '../partner-session.ts';
import { notYours } from '../../not-yours.ts';
import { sendConversionList } from './conversion-list-page.ts';
import { sendConversionStory } from './conversion-story-page.ts';

const PAGE_LENGTH = 25;
// Shorter texts are ref_ids: every id that we make is longer.
const SHORTEST_ID = 20;

/** The conversions that concern the partner, and its part of their stories. */
export function addConversionPages(routes: Router, { db }: { db: Knex }): void {
  routes.get('/conversions', async (req, res) => {
    const { partnerId } = sessionOf(res);
    const searched = firstOf(readQuery(req.url).ref_id)?.trim();
    if (searched !== undefined && (await isOwnConversion(partnerId, searched))) {
      return res.redirect(303, `/console/conversions/${encodeURIComponent(searched)}`);
    }
    const list = readListFilters(req, conversionListSchema, visitOf(res).timeZone);
    const query = { ...list.filters, partnerId, limit: PAGE_LENGTH };
    const { rows, next, missingSince } = await listPartnerConversions(db, query);
    sendConversionList(
      res,
      { title: 'Conversions' },
      {
        ...list,
        rows,
        missingSince,
        statuses: partnerConversionStatuses,
        ...placesOf(list, next),
      },
    );
  });

  routes.get('/conversions/:id', async (req, res) => {
    const { id: conversionId } = req.params;
    const facts = await readPartnerConversionFacts(db, { partnerId: sessionOf(res).partnerId, conversionId });
    if (!facts) throw notYours('conversion', conversionId);
    sendConversionStory(res, { title: `Conversion ${conversionId}` }, { story: tellPartnerConversion(facts) });
  });

  async function isOwnConversion(partnerId: string, conversionId: string): Promise<boolean> {
    if (conversionId.length < SHORTEST_ID) return false;
    return (await findPartnerConversion(db, { partnerId, conversionId })) !== undefined;
  }
}
