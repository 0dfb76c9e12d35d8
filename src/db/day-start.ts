/**
 * SQL for the moment at which a date begins in a time zone: the first of its kind where clocks show midnight twice, as in
 * Havana in autumn, and the next that there is where they skip it, as there in spring. Postgres alone would take the second.
 *
 * @param date SQL of the date, such as `:from`; with a time of day, of the moment at which clocks show that
 * @param timeZone SQL of its name
 */
export function dayStart(date: string, timeZone = ':timeZone'): string {
  const at = `(${date})::timestamp`;
  // As clocks are set a day before or a day after, so that a change of clocks lies between the two.
  return `(
    select min(moment) from (
      select (${at} - (near at time zone 'UTC' at time zone ${timeZone} - near)) at time zone 'UTC' as moment
      from unnest(array[${at} - interval '1 day', ${at} + interval '1 day']) near
    ) moments where moment at time zone ${timeZone} >= ${at}
  )`;
}
