import type { Migration } from './migration.ts';

const QUANTITIES = ['touches', 'conversions', 'pending', 'approved', 'rejected', 'booked', 'revoked'];
const listEach = (write: (quantity: string) => string) => QUANTITIES.map(write).join(', ');
const QUANTITY_COLUMNS = listEach((quantity) => `${quantity} bigint not null`);
const SUMS = listEach((quantity) => `sum(${quantity})::bigint`);
const ADDED = listEach((quantity) => `${quantity} = c.${quantity} + excluded.${quantity}`);
const UTC_DAY = `date_bin('1 day', bucket, timestamptz '2000-01-01 00:00:00Z')`;

// Both take rows like those of partner_counts, and put what they come to into a table of sums.
const addByTime = (rows: string) => `
    insert into partner_counts_by_time as c
      select partner_id, bucket, currency, ${SUMS} from (${rows}) rows group by 1, 2, 3
      on conflict (partner_id, bucket, currency) do update set ${ADDED}`;
const addByOffer = (rows: string) => `
    insert into partner_counts_by_offer as c
      select partner_id, ${UTC_DAY}, offer_id, currency, ${SUMS} from (${rows}) rows group by 1, 2, 3, 4
      on conflict (partner_id, bucket, offer_id, currency) do update set ${ADDED}`;

const UP = `
  -- partner_counts has a row for each offer and quarter of an hour, and no report wants both: figures by day need no offers,
  -- those by offer no quarters. The first table has the quarters, of all offers; the second the days of UTC, of each offer.
  create table partner_counts_by_time (
    partner_id text not null,
    bucket timestamptz not null,
    currency text not null,
    ${QUANTITY_COLUMNS},
    primary key (partner_id, bucket, currency)
  ) with (fillfactor = 80);
  create table partner_counts_by_offer (
    partner_id text not null,
    bucket timestamptz not null,
    offer_id text not null,
    currency text not null,
    ${QUANTITY_COLUMNS},
    primary key (partner_id, bucket, offer_id, currency)
  ) with (fillfactor = 80);

  -- Whoever changes counts changes the sums with the same statement: a relay that has not been upgraded yet, or a person.
  create function sum_partner_counts() returns trigger language plpgsql as $$
  declare
    changes text := concat_ws(' union all ',
      case when tg_op <> 'DELETE' then 'select * from new_counts' end,
      case when tg_op <> 'INSERT' then
        'select partner_id, bucket, offer_id, currency, ${listEach((quantity) => `-${quantity} as ${quantity}`)} from old_counts' end
    );
  begin
    execute format($sql$${addByTime('%s')}$sql$, changes);
    execute format($sql$${addByOffer('%s')}$sql$, changes);
    if tg_op = 'DELETE' then
      delete from partner_counts_by_time c using (select distinct partner_id, bucket from old_counts) o
        where c.partner_id = o.partner_id and c.bucket = o.bucket and ${isNothing('c')};
      delete from partner_counts_by_offer c using (select distinct partner_id, ${UTC_DAY} as bucket from old_counts) o
        where c.partner_id = o.partner_id and c.bucket = o.bucket and ${isNothing('c')};
    end if;
    return null;
  end $$;
  create trigger partner_counts_inserted after insert on partner_counts
    referencing new table as new_counts for each statement execute function sum_partner_counts();
  create trigger partner_counts_updated after update on partner_counts
    referencing old table as old_counts new table as new_counts for each statement execute function sum_partner_counts();
  create trigger partner_counts_deleted after delete on partner_counts
    referencing old table as old_counts for each statement execute function sum_partner_counts();

  ${addByTime('select * from partner_counts')};
  ${addByOffer('select * from partner_counts')};

  -- For each page that proposes a replay: a partner's latest failures of whatever status, read from the index alone, and
  -- whether a newer postback of the same conversion has overtaken them. Only what fails pays for the first.
  create index postbacks_failed on postbacks (partner_id, created_at, postback_id)
    include (conversion_id, seq, status, ended_at) where state = 'failed';
  create index postbacks_of_conversion on postbacks (partner_id, conversion_id, seq);
  drop index postbacks_by_conversion;
`;

const DOWN = `
  create index postbacks_by_conversion on postbacks (partner_id, conversion_id);
  drop index postbacks_of_conversion, postbacks_failed;
  drop trigger partner_counts_inserted on partner_counts;
  drop trigger partner_counts_updated on partner_counts;
  drop trigger partner_counts_deleted on partner_counts;
  drop function sum_partner_counts();
  drop table partner_counts_by_offer, partner_counts_by_time;
`;

function isNothing(row: string): string {
  return `(${listEach((quantity) => `${row}.${quantity}`)}) = (${listEach(() => '0')})`;
}

export const fastConsole: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
