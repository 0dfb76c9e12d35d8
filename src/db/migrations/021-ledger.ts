import type { Migration } from './migration.ts';

const UP = `
  create table payouts (
    payout_id text primary key,
    partner_id text not null references partners,
    currency text not null,
    -- It closes what lies in this half-open time; null: from the first line on.
    period_from timestamptz,
    upto timestamptz not null,
    -- minor units
    amount bigint not null check (amount > 0),
    lines integer not null check (lines > 0),
    -- of the payment, such as that of a bank transfer
    reference text not null,
    comment text,
    created_at timestamptz not null default now(),
    check (period_from < upto),
    unique (partner_id, reference),
    unique (partner_id, currency, upto)
  );

  alter table reward_entries rename to ledger_lines;
  alter table ledger_lines rename column entry_id to line_id;
  alter table ledger_lines drop constraint reward_entries_kind_check;
  update ledger_lines set kind = case kind when 'booked' then 'reward' else 'revocation' end;
  alter table ledger_lines
    add column payout_id text unique references payouts,
    alter column conversion_id drop not null,
    alter column seq drop not null,
    alter column price_version drop not null,
    add constraint ledger_lines_kind check (
      case kind
        when 'reward' then amount >= 0
        when 'revocation' then amount <= 0
        when 'correction' then true
        when 'payout' then amount < 0
        else false
      end
    ),
    -- A payout has no conversion, everything else has.
    add constraint ledger_lines_belong check (
      case kind when 'payout' then payout_id is not null and num_nonnulls(conversion_id, seq, price_version) = 0
        else payout_id is null and num_nulls(conversion_id, seq, price_version) = 0 end
    );
  alter index reward_entries_pkey rename to ledger_lines_pkey;
  alter index reward_entries_conversion_id_seq_key rename to ledger_lines_conversion_id_seq_key;
  alter index reward_entries_in_time rename to ledger_lines_in_time;
  alter sequence reward_entries_entry_id_seq rename to ledger_lines_line_id_seq;
  alter table ledger_lines rename constraint reward_entries_partner_id_fkey to ledger_lines_partner_id_fkey;
  drop index reward_entries_by_partner;
  create index ledger_lines_of_partner on ledger_lines (partner_id, at, line_id) include (currency, kind, amount);

  -- What conversions have brought, whether it was paid out or not: the ledger without its payouts.
  create view reward_entries as
    select line_id as entry_id, conversion_id, seq, partner_id,
      case when kind = 'reward' or kind = 'correction' and amount > 0 then 'booked' else 'revoked' end as kind,
      kind as line_kind, amount, currency, price_version, at
    from ledger_lines where kind <> 'payout';

  -- Whoever writes a line holds this lock shared until it is committed, and a payout holds it alone. So a payout sees every
  -- line that is written, and whoever waits for it sees the payout.
  create function ledger_lock(partner_id text, currency text) returns bigint language sql immutable as $$
    select hashtextextended('ledger of ' || partner_id || ' in ' || currency, 0)
  $$;

  -- What was paid out is closed. A line that is committed after a payout, whatever its own time, lies after it; and what
  -- becomes of a conversion of which something is closed is a correction.
  create function keep_paid_periods_closed() returns trigger language plpgsql as $$
  declare
    closed_upto timestamptz;
  begin
    perform pg_advisory_xact_lock_shared(ledger_lock(new.partner_id, new.currency));
    -- A statement of its own, so that it sees what was committed while the lock was waited for.
    select max(p.upto) into closed_upto from payouts p
      where p.partner_id = new.partner_id and p.currency = new.currency;
    if closed_upto is null then return new; end if;
    new.at := greatest(new.at, closed_upto);
    if exists (select from ledger_lines l where l.conversion_id = new.conversion_id and l.at < closed_upto) then
      new.kind := 'correction';
    end if;
    return new;
  end $$;
  create trigger paid_periods_stay_closed before insert on ledger_lines
    for each row when (new.kind <> 'payout') execute function keep_paid_periods_closed();

  create function refuse_change_of_ledger() returns trigger language plpgsql as $$
  begin
    raise exception 'The ledger is only ever added to.';
  end $$;
  create trigger ledger_lines_stay before update or delete or truncate on ledger_lines
    for each statement execute function refuse_change_of_ledger();
  create trigger payouts_stay before update or delete or truncate on payouts
    for each statement execute function refuse_change_of_ledger();

  create trigger payouts_noted after insert on payouts for each row execute function note_change('payout', 'payout_id');

  -- The last check of all lines by the relays; null: none has ended yet.
  create table ledger_checks (
    only_row boolean primary key default true check (only_row),
    begun_at timestamptz not null default '-infinity',
    ended_at timestamptz,
    differences integer
  );
  insert into ledger_checks default values;
`;

const DOWN = `
  do $$ begin
    if exists (select from payouts) then
      -- Without them every line that was paid would be open, and paid again.
      raise exception 'Payouts are recorded: 021-ledger cannot be taken back without forgetting what was paid.';
    end if;
  end $$;
  drop table ledger_checks;
  drop view reward_entries;
  drop trigger ledger_lines_stay on ledger_lines;
  drop trigger paid_periods_stay_closed on ledger_lines;
  alter table ledger_lines
    drop constraint ledger_lines_belong, drop constraint ledger_lines_kind, drop column payout_id,
    alter column conversion_id set not null, alter column seq set not null, alter column price_version set not null;
  update ledger_lines
    set kind = case when kind = 'reward' or kind = 'correction' and amount > 0 then 'booked' else 'revoked' end;
  drop index ledger_lines_of_partner;
  alter table ledger_lines rename constraint ledger_lines_partner_id_fkey to reward_entries_partner_id_fkey;
  alter sequence ledger_lines_line_id_seq rename to reward_entries_entry_id_seq;
  alter index ledger_lines_in_time rename to reward_entries_in_time;
  alter index ledger_lines_conversion_id_seq_key rename to reward_entries_conversion_id_seq_key;
  alter index ledger_lines_pkey rename to reward_entries_pkey;
  alter table ledger_lines rename column line_id to entry_id;
  alter table ledger_lines rename to reward_entries;
  alter table reward_entries add constraint reward_entries_kind_check check (kind in ('booked', 'revoked'));
  create index reward_entries_by_partner on reward_entries (partner_id, at);
  drop table payouts;
  drop function refuse_change_of_ledger, keep_paid_periods_closed, ledger_lock;
`;

export const ledger: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
