import { formatMajorUnits } from '../../../../domain/money.ts';
import type { Figures, PartnerStats, StatsRow } from '../../../../db/reports/partner-stats.ts';
import { writeCount, writeMoney } from '../../../pages/console/write-numbers.ts';
import { drawDays, sayDay } from '../../../pages/console/chart.ts';
import { measures, overviewAt, type Measure, type OverviewQuery } from './overview-query.ts';

const NAMES: Readonly<Record<Measure, string>> = {
  reward: 'Reward',
  approved: 'Approved',
  pending: 'Pending',
  rejected: 'Rejected',
  conversions: 'Conversions',
  touches: 'Touches',
};

/** The figures of a range as the page shows them. */
export type ShownFigures = {
  tiles: Tile[];
  charts: Drawing[];
  /** Newest first. */
  days: Cells[];
  totals: Cells;
  offers: Cells[];
  hasAny: boolean;
};

export function showFigures(
  { byDay, byOffer }: Record<'byDay' | 'byOffer', PartnerStats>,
  query: OverviewQuery,
): ShownFigures {
  const { totals } = byDay;
  return {
    tiles: listTiles(totals, query),
    charts: drawCharts(query.show ?? pickMeasure(totals), byDay),
    days: byDay.rows.map(toDayCells).reverse(),
    totals: toDayCells({ ...totals, day: 'All days' }),
    offers: byOffer.rows
      .filter(({ offer_id: offerId }) => offerId !== null)
      .map((row) => toCells(row.offer_name ?? row.offer_id ?? '', row)),
    hasAny: hasAny(totals),
  };
}

function hasAny({ touches, conversions, pending, approved, rejected, reward }: Figures): boolean {
  return reward.length > 0 || [touches, conversions, pending, approved, rejected].some((count) => count > 0);
}

/** A total, and the way to its chart. */
export type Tile = {
  measure: Measure;
  name: string;
  href: string;
  isShown: boolean;
  count: string | undefined;
  reward: Figures['reward'];
};

function listTiles(totals: Figures, query: OverviewQuery): Tile[] {
  const shown = query.show ?? pickMeasure(totals);
  return measures.map((measure) => ({
    ...(measure === 'reward'
      ? showRewards(totals)
      : { name: NAMES[measure], count: writeCount(totals[measure]), reward: [] }),
    measure,
    href: overviewAt(query, { show: measure }),
    isShown: measure === shown,
  }));
}

/** One currency stands with the name, so that its figure has room. */
function showRewards({ reward }: Figures): Pick<Tile, 'name' | 'count' | 'reward'> {
  const [first, ...others] = reward;
  if (!first) return { name: NAMES.reward, count: '0', reward };
  if (others.length > 0) return { name: NAMES.reward, count: undefined, reward };
  return { name: `${NAMES.reward}, ${first.currency}`, count: writeMoney(first.amount, first.currency), reward: [] };
}

/** One for counts; of rewards one for each currency, because they are never summed. */
function drawCharts(show: Measure, { rows, totals }: { rows: StatsRow[]; totals: Figures }): Drawing[] {
  const range = `${sayDay(rows[0]?.day ?? '')} to ${sayDay(rows.at(-1)?.day ?? '')}`;
  const draw = (unit: string, days: { day: string; value: number; text: string }[]) => {
    const caption = `${NAMES[show]} per day${unit}`;
    return { caption, svg: drawDays({ title: `${caption}, ${range}; the table below has the same figures`, days }) };
  };
  if (show !== 'reward') {
    const days = rows.map(({ day = '', [show]: value }) => ({ day, value, text: writeCount(value) }));
    return [draw('', days)];
  }
  return totals.reward.map(({ currency }) => {
    const days = rows.map(({ day = '', reward }) => {
      const amount = reward.find((each) => each.currency === currency)?.amount ?? 0;
      const value = Number(formatMajorUnits(amount, currency));
      return { day, value, text: `${writeMoney(amount, currency)} ${currency}` };
    });
    return draw(`, ${currency}`, days);
  });
}

export type Drawing = { caption: string; svg: string };

/** The figures of a row as a table shows them. */
export type Cells = { name: string; counts: string[]; reward: Figures['reward'] };

function toCells(name: string, figures: Figures): Cells {
  const { conversions, pending, approved, rejected, reward } = figures;
  return { name, counts: [conversions, pending, approved, rejected].map(writeCount), reward };
}

function toDayCells(row: StatsRow): Cells {
  const cells = toCells(row.day ?? '', row);
  return { ...cells, counts: [writeCount(row.touches), ...cells.counts] };
}

/** What says most of those that there are any of. */
function pickMeasure(totals: Figures): Measure {
  return (['approved', 'conversions', 'touches'] as const).find((measure) => totals[measure] > 0) ?? 'touches';
}
