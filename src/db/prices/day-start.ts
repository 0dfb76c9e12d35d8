/**
 * SQL for the moment at which a date begins in a time zone. Where clocks are set back at the end of the first hour of a day,
 * as in Havana, that hour comes twice, and Postgres alone would take the second one.
 *
 * @param date SQL of the date, such as `:from`
 * @param timeZone SQL of its name
 */
export function dayStart(date: string, timeZone = ':timeZone'): string {
  return `(
    select min(moment) from (
      select ${date}::timestamp at time zone ${timeZone} - hours * interval '1 hour' as moment from generate_series(0, 1) hours
    ) moments where moment at time zone ${timeZone} >= ${date}::timestamp
  )`;
}
