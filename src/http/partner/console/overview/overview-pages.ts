import type { Router } from 'express';
import type { Knex } from 'knex';
import { readPostbackSettings } from '../../../../db/partners.ts';
import { readPartnerStats, type PartnerStats } from '../../../../db/reports/partner-stats.ts';
import { proposeReplay } from '../../../../db/replays/replay-previews.ts';
import { AppError } from '../../../../errors.ts';
import { readPartnerSigns } from '../../../../stories/partner-signs.ts';
import { addDays, dayOf } from '../../../pages/console/days.ts';
import { readQuery } from '../../../protocol/query.ts';
import { visitOf } from '../../../console/session/visit.ts';
import { sessionOf } from '../partner-session.ts';
import { listAdvice } from './advice.ts';
import { drawCharts, listTiles, pickMeasure, toCells, toDayCells } from './figures.ts';
import { buildLinks } from './link-builder.ts';
import { sendOverview } from './overview-page.ts';
import { listZones, overviewAt, readOverviewQuery, type OverviewQuery } from './overview-query.ts';

export type OverviewDeps = {
  db: Knex;
  publicUrl: string;
  /** So many failures in a row mean that an endpoint is failing. */
  failingAfter: number;
};

const RANGES = [7, 30, 90];

/** What a partner sees first: is money coming, and is anything broken? */
export function addOverviewPages(routes: Router, { db, publicUrl, failingAfter }: OverviewDeps): void {
  routes.get('/', async (req, res) => {
    const { partnerId } = sessionOf(res);
    const visit = visitOf(res);
    const asked = readOverviewQuery(readQuery(req.url), visit);
    const [{ query, byDay, byOffer }, postback, signs] = await Promise.all([
      readFigures(partnerId, asked),
      readPostbackSettings(db, partnerId),
      readSigns(partnerId),
    ]);
    const { totals } = byDay;
    sendOverview(
      res,
      { title: 'Overview' },
      {
        query,
        zones: listZones(query.timeZone, visit.timeZone),
        ranges: listRanges(query, visit.nowMs),
        partnerId,
        referralUrl: `${publicUrl}/${partnerId}/`,
        tiles: listTiles(totals, query),
        advice: listAdvice(postback, signs),
        charts: drawCharts(query.show ?? pickMeasure(totals), byDay),
        days: byDay.rows.map(toDayCells).reverse(),
        totals: toDayCells({ ...totals, day: 'All days' }),
        offers: byOffer.rows
          .filter(({ offer_id: offerId }) => offerId !== null)
          .map((row) => toCells(row.offer_name ?? row.offer_id ?? '', row)),
        hasFigures: hasAny(byDay),
        links: buildLinks(publicUrl, partnerId, query.tracker ?? postback?.tracker),
      },
    );
  });

  /** What tells whether anything is broken. */
  async function readSigns(partnerId: string) {
    const [signs, proposal] = await Promise.all([
      readPartnerSigns(db, { partnerId, failingAfter }),
      proposeReplay(db, partnerId),
    ]);
    return { ...signs, proposal };
  }

  /** Postgres may not know a time zone that the program knows: then it is said, and counted in UTC. */
  async function readFigures(partnerId: string, asked: OverviewQuery) {
    try {
      return { query: asked, ...(await readBoth(partnerId, asked)) };
    } catch (error) {
      if (!(error instanceof AppError && error.kind === 'invalid')) throw error;
      const errors = { ...asked.errors, time_zone: error.problems[0]?.message ?? error.message };
      const query = { ...asked, timeZone: 'UTC', errors };
      return { query, ...(await readBoth(partnerId, query)) };
    }
  }

  async function readBoth(partnerId: string, { from, to, timeZone }: OverviewQuery) {
    const range = { partner_id: partnerId, from, to: addDays(to, 1), time_zone: timeZone };
    const [byDay, byOffer] = await Promise.all([
      readPartnerStats(db, { ...range, group_by: 'day' }),
      readPartnerStats(db, { ...range, group_by: 'offer' }),
    ]);
    return { byDay, byOffer };
  }
}

function listRanges(query: OverviewQuery, nowMs: number): { name: string; href: string }[] {
  const today = dayOf(nowMs, query.timeZone);
  return RANGES.map((days) => ({
    name: `${days} days`,
    href: overviewAt(query, { from: addDays(today, 1 - days), to: today }),
  }));
}

function hasAny({ totals }: PartnerStats): boolean {
  const { touches, conversions, pending, approved, rejected, reward } = totals;
  return reward.length > 0 || [touches, conversions, pending, approved, rejected].some((count) => count > 0);
}
