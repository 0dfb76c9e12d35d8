import type { Knex } from 'knex';
import type { CapReason } from '../../domain/offer-cap.ts';
import { dayAfter } from '../../domain/price-period.ts';
import type { Asks } from '../pipelined.ts';
import { prepared } from '../prepared.ts';
import { dayStart } from '../day-start.ts';

/** An offer whose cap is used up: for the day `periodStart` of its time zone, or for good. */
export type Closing = { offerId: string; reason: CapReason; periodStart: string; timeZone: string };

/**
 * Takes offers from walls and links: until the next day when the cap of a day is used up, otherwise until it is changed.
 * One that is closed for good stays so.
 */
export async function closeOffers(trx: Asks, closings: readonly Closing[]): Promise<void> {
  if (closings.length === 0) return;
  const rows = strictestOfEach(closings).map(({ offerId, reason, periodStart, timeZone }) => ({
    offer_id: offerId,
    reason,
    until: reason === 'cap_day' ? dayAfter(periodStart) : null,
    time_zone: timeZone,
  }));
  await trx
    .raw(
      `insert into closed_offers as c (offer_id, reason, closed_until)
     select offer_id, reason, ${dayStart('until', 'time_zone')}
     from json_to_recordset(:rows::json) as r (offer_id text, reason text, until date, time_zone text)
     order by offer_id
     on conflict (offer_id) do update
       set reason = excluded.reason, closed_at = now(), closed_until = excluded.closed_until
       where c.closed_until is not null`,
      { rows: JSON.stringify(rows) },
    )
    .options(prepared('close-offers'));
}

/** One for each offer, for a statement that may meet a row once: where both caps are used up, the total's. */
function strictestOfEach(closings: readonly Closing[]): Closing[] {
  const strictest = new Map<string, Closing>();
  for (const closing of closings) {
    if (strictest.get(closing.offerId)?.reason !== 'cap_total') strictest.set(closing.offerId, closing);
  }
  return [...strictest.values()];
}

/** Puts an offer back. */
export async function reopenOffer(trx: Knex, offerId: string): Promise<void> {
  await trx('closed_offers').where({ offer_id: offerId }).delete();
}
