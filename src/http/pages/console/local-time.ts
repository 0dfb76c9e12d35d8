// Times that a reader writes into a form, in the reader's own zone.
import { firstMomentAt, isDay, offsetMs } from './days.ts';

const LOCAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/;
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/;
const DAY_LENGTH = 'YYYY-MM-DD'.length;

/**
 * The moment that a reader means by `2026-01-31T09:15`, as ISO 8601 UTC; one in a link of ours says UTC itself.
 * @returns undefined for what is no such text
 */
export function readLocalTime(text: string, timeZone: string): string | undefined {
  const isUtc = UTC.test(text);
  if (!isUtc && !(LOCAL.test(text) && isDay(text.slice(0, DAY_LENGTH)))) return undefined;
  const timeMs = Date.parse(isUtc ? text : `${text}Z`);
  if (Number.isNaN(timeMs)) return undefined;
  return isUtc ? new Date(timeMs).toISOString() : firstMomentAt(timeMs, timeZone);
}

/** A moment as a field of a form shows it: `2026-01-31T09:15:00`. @param at ISO 8601 */
export function writeLocalTime(at: string, timeZone: string): string {
  const timeMs = Date.parse(at);
  return new Date(timeMs + offsetMs(timeMs, timeZone)).toISOString().slice(0, 19);
}
