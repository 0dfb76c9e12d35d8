import type { ParsedUrlQuery } from 'node:querystring';
import { MAX_STATS_DAYS } from '../../../../db/reports/stats-range.ts';
import { addDays, dayOf, isDay } from '../../../pages/console/days.ts';
import { firstOf } from '../../../protocol/query.ts';
import { findZone, type Visit } from '../../../console/session/visit.ts';

/** What the figures can show as a chart. */
export const measures = ['reward', 'approved', 'pending', 'rejected', 'conversions', 'touches'] as const;

export type Measure = (typeof measures)[number];

/** The state of the overview, as its address holds it; `to` is the last day that is counted. */
export type OverviewQuery = {
  from: string;
  to: string;
  timeZone: string;
  /** Undefined: what says most. */
  show: Measure | undefined;
  /** Of the link builder; undefined when none was chosen. */
  tracker: string | undefined;
  errors: { from?: string; to?: string; time_zone?: string };
};

const USUAL_DAYS = 30;

/** Reads what can be read; for the rest the last 30 days are shown, and it is said what is wrong. */
export function readOverviewQuery(query: ParsedUrlQuery, { timeZone: usualZone, nowMs }: Visit): OverviewQuery {
  const given = {
    ...{ from: firstOf(query.from), to: firstOf(query.to), zone: firstOf(query.time_zone) },
    ...{ show: firstOf(query.show), tracker: firstOf(query.tracker) },
  };
  const timeZone = given.zone === undefined ? usualZone : findZone(given.zone);
  const show = measures.find((measure) => measure === given.show);
  const rest = { timeZone, show, tracker: given.tracker };
  const to = given.to ?? dayOf(nowMs, timeZone);
  const from = given.from ?? (isDay(to) ? addDays(to, 1 - USUAL_DAYS) : to);
  const errors = judgeRange(from, to);
  if (Object.keys(errors).length === 0) return { from, to, ...rest, errors };
  const today = dayOf(nowMs, timeZone);
  return { from: addDays(today, 1 - USUAL_DAYS), to: today, ...rest, errors };
}

function judgeRange(from: string, to: string): OverviewQuery['errors'] {
  if (!isDay(from)) return { from: 'This is not a day, such as 2026-01-31.' };
  if (!isDay(to)) return { to: 'This is not a day, such as 2026-01-31.' };
  if (from > to) return { to: 'This day is before the first one.' };
  return addDays(from, MAX_STATS_DAYS) <= to ? { from: `At most ${MAX_STATS_DAYS} days can be shown.` } : {};
}

/** The address of the overview with something changed. */
export function overviewAt(
  { from, to, timeZone, show, tracker }: OverviewQuery,
  change: Record<string, string>,
): string {
  const state = {
    from,
    to,
    time_zone: timeZone,
    ...(show === undefined ? {} : { show }),
    ...(tracker === undefined ? {} : { tracker }),
    ...change,
  };
  return `/console?${new URLSearchParams(state).toString()}`;
}

/** The address of the same figures as a file. */
export function statsFileOf({ from, to, timeZone }: OverviewQuery, group: 'day' | 'offer'): string {
  return `/console/stats.csv?${new URLSearchParams({ group_by: group, from, to, time_zone: timeZone }).toString()}`;
}

/** What a select offers as time zones: the one in use, the reader's own, and some of every part of the world. */
export function listZones(inUse: string, own: string): { value: string; label: string }[] {
  return [...new Set([inUse, own, ...ZONES])].map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') }));
}

const ZONES = [
  ...['UTC', 'Europe/London', 'Europe/Berlin', 'Europe/Madrid', 'Europe/Kyiv', 'Europe/Istanbul', 'Europe/Moscow'],
  ...['Asia/Dubai', 'Asia/Almaty', 'Asia/Kolkata', 'Asia/Bangkok', 'Asia/Jakarta', 'Asia/Manila', 'Asia/Shanghai'],
  ...['Asia/Tokyo', 'Australia/Sydney', 'Africa/Lagos', 'Africa/Nairobi', 'America/Sao_Paulo', 'America/Mexico_City'],
  ...['America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles'],
];
