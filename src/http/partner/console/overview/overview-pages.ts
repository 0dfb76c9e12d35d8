import type { Router } from 'express';
import type { Knex } from 'knex';
import { readPostbackSettings } from '../../../../db/partners.ts';
import { readPartnerOverview } from '../../../../db/reports/partner-stats.ts';
import { AppError } from '../../../../errors.ts';
import { readPartnerSigns } from '../../../../stories/partner-signs.ts';
import { addDays, dayOf } from '../../../pages/console/days.ts';
import { readQuery } from '../../../protocol/query.ts';
import { visitOf } from '../../../console/session/visit.ts';
import { sessionOf } from '../partner-session.ts';
import type { ReportLimit } from '../../limit-reports.ts';
import { readShownProposal } from '../deliveries/replays/replay-proposal.ts';
import { listAdvice } from './advice.ts';
import { showFigures, type ShownFigures } from './figures.ts';
import { buildLinks } from './link-builder.ts';
import { sendOverview, type OverviewData } from './overview-page.ts';
import { listZones, overviewAt, readOverviewQuery, statsFileOf, type OverviewQuery } from './overview-query.ts';

export type OverviewDeps = {
  db: Knex;
  publicUrl: string;
  /** So many failures in a row mean that an endpoint is failing. */
  failingAfter: number;
  reports: ReportLimit;
};

const RANGES = [7, 30, 90];
// Counting is far behind, the range takes too long, or too much was asked for.
const MAKES_WAIT: AppError['kind'][] = ['unavailable', 'too_many'];

/** What a partner sees first: is money coming, and is anything broken? */
export function addOverviewPages(routes: Router, { db, publicUrl, failingAfter, reports }: OverviewDeps): void {
  routes.get('/', async (req, res) => {
    const { partnerId } = sessionOf(res);
    const visit = visitOf(res);
    const asked = readOverviewQuery(readQuery(req.url), visit);
    const [{ query, figures }, postback, signs, proposal] = await Promise.all([
      readFigures(partnerId, asked),
      readPostbackSettings(db, partnerId),
      readPartnerSigns(db, { partnerId, failingAfter }),
      readShownProposal(db, res),
    ]);
    sendOverview(
      res,
      { title: 'Overview' },
      {
        query,
        zones: listZones(query.timeZone, visit.timeZone),
        ranges: listRanges(query, visit.nowMs),
        partnerId,
        referralUrl: `${publicUrl}/${partnerId}/`,
        advice: listAdvice(postback, { ...signs, proposal }),
        figures,
        files: { day: statsFileOf(query, 'day'), offer: statsFileOf(query, 'offer') },
        links: buildLinks(publicUrl, partnerId, query.tracker ?? postback?.tracker),
      },
    );
  });

  /** What else the page says stays when the figures cannot be had. */
  async function readFigures(
    partnerId: string,
    query: OverviewQuery,
  ): Promise<Pick<OverviewData, 'query' | 'figures'>> {
    try {
      await reports.count(partnerId);
      return await readInZone(partnerId, query);
    } catch (error) {
      if (!(error instanceof AppError && MAKES_WAIT.includes(error.kind))) throw error;
      return { query, figures: { missing: error.message } };
    }
  }

  /** Postgres may not know a time zone that the program knows: then it is said, and counted in UTC. */
  async function readInZone(
    partnerId: string,
    query: OverviewQuery,
  ): Promise<{ query: OverviewQuery; figures: ShownFigures }> {
    const { from, to, timeZone } = query;
    try {
      const range = { from, to: addDays(to, 1), time_zone: timeZone };
      const stats = await readPartnerOverview(db, { partner_id: partnerId, ...range });
      return { query, figures: showFigures(stats, query) };
    } catch (error) {
      if (!(error instanceof AppError && error.kind === 'invalid') || timeZone === 'UTC') throw error;
      const errors = { ...query.errors, time_zone: error.problems[0]?.message ?? error.message };
      return await readInZone(partnerId, { ...query, timeZone: 'UTC', errors });
    }
  }
}

function listRanges(query: OverviewQuery, nowMs: number): { name: string; href: string }[] {
  const today = dayOf(nowMs, query.timeZone);
  return RANGES.map((days) => ({
    name: `${days} days`,
    href: overviewAt(query, { from: addDays(today, 1 - days), to: today }),
  }));
}
