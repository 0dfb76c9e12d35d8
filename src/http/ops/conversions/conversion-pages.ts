import type { Router } from 'express';
import { conversionStatuses, listConversions } from '../../../db/reports/conversion-list.ts';
import { readFactsOfConversion } from '../../../db/reports/lead-facts.ts';
import { readPartnerConversionFacts } from '../../../db/reports/partner-conversion-facts.ts';
import { flagNames } from '../../../domain/fraud-flag.ts';
import { AppError } from '../../../errors.ts';
import { tellConversionStory, type ConversionStory } from '../../../stories/conversion-story.ts';
import { explainToPartner } from '../../../stories/explain-to-partner.ts';
import { tellPartnerConversion } from '../../../stories/partner-conversion-story.ts';
import { tellSkip } from '../../../stories/skip-words.ts';
import { tellHolder } from '../../../stories/tell-holder.ts';
import { placesOf, readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { conversionListSchema } from '../../fields/fact-list-schemas.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import { mayOf } from '../ops-page.ts';
import type { StoryPagesDeps } from '../leads/lead-pages.ts';
import { linkIds } from '../leads/linked-text.ts';
import { placesIn } from '../leads/story-places.ts';
import { sendConversionList } from './conversion-list-page.ts';
import { sendConversion, type Explanation } from './conversion-page.ts';

const LIST_PAGE = 50;

/** Finding conversions, their stories, and what to tell a partner of them. */
export function addConversionPages(routes: Router, { db, ...told }: StoryPagesDeps): void {
  routes.get('/conversions', async (req, res) => {
    const list = readListFilters(req, conversionListSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listConversions(db, { ...list.filters, limit: LIST_PAGE });
    sendConversionList(
      res,
      { title: 'Conversions' },
      {
        ...{ given: list.given, errors: list.errors, isFiltered: list.isFiltered, rows },
        statuses: ['', ...conversionStatuses].map((value) => ({ value, label: NAMES[value] ?? value })),
        ...placesOf(list, next),
      },
    );
  });

  routes.get('/conversions/:id', async (req, res) => {
    const { id } = req.params;
    const facts = await readFactsOfConversion(db, id);
    if (!facts) throw new AppError('unknown', `There is no conversion ${id}.`);
    const story = tellConversionStory(facts, told);
    const explanation = await explain(story, firstOf(readQuery(req.url).to));
    const places = placesIn({ ...story, events: story.touches, conversions: [story] });
    sendConversion(
      res,
      { title: `Conversion ${id}` },
      {
        ...{ story, why: story.won_by?.why ?? tellHolder(facts), explanation, mayGiveStatus: mayOf(res).operate },
        ...{ flagNames, tellSkip },
        link: (text) => linkIds(text, places),
      },
    );
  });

  /** @param asked the partner who asks; who has won it, or would, when left out */
  async function explain(story: ConversionStory, asked: string | undefined): Promise<Explanation> {
    const partners = partnersOf(story);
    const to = asked !== undefined && partners.includes(asked) ? asked : partners[0];
    if (to === undefined) return { partners, to: undefined, text: '' };
    const own = await readPartnerConversionFacts(db, { partnerId: to, conversionId: story.conversion_id });
    return { partners, to, text: own ? explainToPartner(tellPartnerConversion(own)) : '' };
  }
}

const NAMES: Readonly<Record<string, string>> = { '': 'any', none: 'none yet' };

/** Whom it concerns: who has won it, or would, first. */
function partnersOf({ won_by, linked_partner, link_changes, postbacks, touches }: ConversionStory): string[] {
  const named = [
    won_by?.partner_id ?? linked_partner,
    linked_partner,
    ...postbacks.map(({ partner_id }) => partner_id),
    ...link_changes.map(({ to }) => to),
    ...touches.flatMap((event) => event.partner_id ?? []),
  ];
  return [...new Set(named)].filter((id) => id !== 'house');
}
