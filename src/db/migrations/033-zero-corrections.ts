import type { Migration } from './migration.ts';

// A correction tells by its sign whether it books or takes back. One of 0, such as of what was approved beyond a cap, does not:
// it is what its status was settled as. Only such a line is looked up.
const OF_CORRECTION_OF_0 = `
      when kind = 'correction' and amount = 0 and exists (
        select from settlements s where s.conversion_id = l.conversion_id and s.seq = l.seq and s.reward = 'book'
      ) then 'booked'`;

const viewOf = (further: string) => `
  create or replace view reward_entries as
    select line_id as entry_id, conversion_id, seq, partner_id,
      case when kind = 'reward' or kind = 'correction' and amount > 0 then 'booked'${further} else 'revoked' end as kind,
      kind as line_kind, amount, currency, price_version, at
    from ledger_lines l where kind <> 'payout'`;

export const zeroCorrections: Migration = {
  up: async (db) => void (await db.raw(viewOf(OF_CORRECTION_OF_0))),
  down: async (db) => void (await db.raw(viewOf(''))),
};
