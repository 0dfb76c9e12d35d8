import { scaleBand, scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { compilePart } from '../templates.ts';

/** One value for each day. */
export type DayChart = {
  /** What is shown, with its unit: for who cannot see it. */
  title: string;
  days: { day: string; value: number; /** As it is read out: `12.50 USD` */ text: string }[];
};

type Size = { name: 'wide' | 'narrow'; width: number; height: number; labels: number };
type Drawn = {
  size: Size;
  title: string;
  bars: { x: number; y: number; width: number; height: number; hitX: number; hitWidth: number; text: string }[];
  shape: { area: string; line: string } | undefined;
  ticks: { y: number; text: string }[];
  days: { x: number; text: string }[];
};

// Drawn twice, so that its letters have one size on a phone and on a desk; the stylesheet shows the one that fits.
const SIZES: Size[] = [
  { name: 'wide', width: 960, height: 260, labels: 8 },
  { name: 'narrow', width: 340, height: 220, labels: 4 },
];
const MARGIN = { top: 12, right: 20, bottom: 26, left: 44 };
const VALUE_TICKS = 4;
// More would be thinner than a finger's or a pointer's width: they become an area.
const MOST_BARS = 62;

const render = compilePart<{ drawings: Drawn[] }>(`
<% for (const drawn of it.drawings) { %>
<svg class="chart chart-<%= drawn.size.name %>" viewBox="0 0 <%= drawn.size.width %> <%= drawn.size.height %>" role="img" aria-label="<%= drawn.title %>">
<% for (const tick of drawn.ticks) { %>
<line class="grid" x1="${MARGIN.left}" x2="<%= drawn.size.width - ${MARGIN.right} %>" y1="<%= tick.y %>" y2="<%= tick.y %>"/><text class="tick" x="${MARGIN.left - 8}" y="<%= tick.y %>" dy="4" text-anchor="end"><%= tick.text %></text>
<% } %>
<% if (drawn.shape) { %>
<path class="area" d="<%= drawn.shape.area %>"/><path class="line" d="<%= drawn.shape.line %>"/>
<% } %>
<% for (const bar of drawn.bars) { %>
<g class="day"><title><%= bar.text %></title><rect class="hit" x="<%= bar.hitX %>" y="${MARGIN.top}" width="<%= bar.hitWidth %>" height="<%= drawn.size.height - ${MARGIN.top + MARGIN.bottom} %>"/><% if (!drawn.shape) { %><rect class="bar" x="<%= bar.x %>" y="<%= bar.y %>" width="<%= bar.width %>" height="<%= bar.height %>" rx="2"/><% } %></g>
<% } %>
<% for (const day of drawn.days) { %>
<text class="tick" x="<%= day.x %>" y="<%= drawn.size.height - 8 %>" text-anchor="middle"><%= day.text %></text>
<% } %>
</svg>
<% } %>
`);

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const shortDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** Draws the days as bars, many as an area; each says its value when it is pointed at. */
export function drawDays(chart: DayChart): string {
  return render({ drawings: SIZES.map((size) => draw(chart, size)) });
}

function draw({ title, days }: DayChart, size: Size): Drawn {
  const values = days.map(({ value }) => value);
  const bottom = size.height - MARGIN.bottom;
  const y = scaleLinear([Math.min(0, ...values), Math.max(1, ...values)], [bottom, MARGIN.top]).nice(VALUE_TICKS);
  const x = scaleBand(
    days.map(({ day }) => day),
    [MARGIN.left, size.width - MARGIN.right],
  ).paddingInner(0.25);
  const at = (day: string) => x(day) ?? 0;
  const middle = (day: string) => round(at(day) + x.bandwidth() / 2);
  const shape = {
    area:
      area<DayChart['days'][number]>(
        (each) => middle(each.day),
        y(0),
        (each) => round(y(each.value)),
      )(days) ?? '',
    line:
      line<DayChart['days'][number]>(
        (each) => middle(each.day),
        (each) => round(y(each.value)),
      )(days) ?? '',
  };
  return {
    size,
    title,
    shape: days.length > MOST_BARS ? shape : undefined,
    bars: days.map(({ day, value, text }) => ({
      x: round(at(day)),
      width: round(x.bandwidth()),
      y: round(y(Math.max(0, value))),
      height: round(Math.abs(y(value) - y(0))),
      hitX: round(at(day) - (x.step() - x.bandwidth()) / 2),
      hitWidth: round(x.step()),
      text: `${sayDay(day)}: ${text}`,
    })),
    // Nothing is counted in halves, and of money whole units are fine enough for an axis.
    ticks: y
      .ticks(VALUE_TICKS)
      .filter((tick) => Number.isInteger(tick))
      .map((tick) => ({ y: round(y(tick)), text: compact.format(tick) })),
    days: pick(days, size.labels).map(({ day }) => ({ x: middle(day), text: sayDay(day) })),
  };
}

/** `26 Nov` */
export function sayDay(day: string): string {
  return shortDay.format(Date.parse(day));
}

/** Some of them at equal distances, the last among them. */
function pick<T>(all: T[], most: number): T[] {
  const step = Math.ceil(all.length / most);
  return all.filter((_each, index) => (all.length - 1 - index) % step === 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
