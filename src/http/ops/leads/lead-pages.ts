import type { Router } from 'express';
import type { Knex } from 'knex';
import { leadStatuses, listLeads } from '../../../db/reports/lead-list.ts';
import { readLeadFacts, type StoryFacts } from '../../../db/reports/lead-facts.ts';
import { flagNames } from '../../../domain/fraud-flag.ts';
import { AppError } from '../../../errors.ts';
import type { TemporalUi } from '../../../stories/lead-address.ts';
import { tellLeadStory } from '../../../stories/lead-story.ts';
import { tellHolder } from '../../../stories/tell-holder.ts';
import { placesOf, readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { leadListSchema } from '../../fields/fact-list-schemas.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import { sendLeadList } from './lead-list-page.ts';
import { sendLead, type Paging } from './lead-page.ts';
import { linkIds } from './linked-text.ts';
import { placesIn } from './story-places.ts';

export type StoryPagesDeps = TemporalUi & { db: Knex; windowMs: number };

const LIST_PAGE = 50;
// A reader takes in no more at once, and a page of it is made within milliseconds.
const STORY_PAGE = 100;

/** Finding leads, and their stories. */
export function addLeadPages(routes: Router, { db, ...told }: StoryPagesDeps): void {
  routes.get('/leads', async (req, res) => {
    const list = readListFilters(req, leadListSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listLeads(db, { ...list.filters, limit: LIST_PAGE }, told.windowMs);
    sendLeadList(
      res,
      { title: 'Leads' },
      {
        ...{ given: list.given, errors: list.errors, isFiltered: list.isFiltered, rows },
        statuses: ['', ...leadStatuses].map((status) => ({ value: status, label: status === '' ? 'any' : status })),
        ...placesOf(list, next),
      },
    );
  });

  routes.get('/leads/:id', async (req, res) => {
    const { id } = req.params;
    const asked = firstOf(readQuery(req.url).after) ?? '';
    // Of a lead with thousands of events people want to see what happened last.
    const afterSeq = /^\d{1,9}$/.test(asked) ? Number(asked) : 'latest';
    const facts = await readLeadFacts(db, id, { afterSeq, limit: STORY_PAGE });
    if (!facts) throw new AppError('unknown', `There is no lead ${id}.`);
    const story = tellLeadStory(facts, told);
    const places = placesIn(story);
    sendLead(
      res,
      { title: `Lead ${id}` },
      {
        ...{ story, holder: tellHolder(facts), isOpen: Date.parse(story.open_until) > visitOf(res).nowMs },
        paging: pageOf(facts, afterSeq === 'latest' ? facts.lastSeq - STORY_PAGE : afterSeq, story.next),
        flagNames,
        link: (text: string) => linkIds(text, places),
      },
    );
  });
}

function pageOf({ lastSeq, events }: StoryFacts, afterSeq: number, next: number | null): Paging {
  return {
    from: events[0]?.seq ?? afterSeq,
    to: events.at(-1)?.seq ?? afterSeq,
    of: lastSeq,
    first: afterSeq > 0 ? 0 : undefined,
    previous: afterSeq > STORY_PAGE ? afterSeq - STORY_PAGE : undefined,
    next: next ?? undefined,
    last: next === null ? undefined : lastSeq - STORY_PAGE,
  };
}
