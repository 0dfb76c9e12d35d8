// Whether the ledger holds what was settled. What lines should come to is worked out without them: from the settlements and
// the prices that were fixed with the statuses.
import type { Knex } from 'knex';
import { isCancelled } from '../sqlstate.ts';
import { AppError } from '../../errors.ts';
import { inOneSnapshot } from '../reports/snapshot.ts';

/** A partner's lines in a currency that do not come to its rewards; minor units. */
export type AccountDifference = {
  partner_id: string;
  currency: string;
  /** The sum of its lines, payouts aside. */
  lines: number;
  /** What its settled conversions brought. */
  rewards: number;
  /** How many conversions differ, which may make up for each other. */
  conversions: number;
};

export type ConversionDifference = {
  conversion_id: string;
  partner_id: string;
  currency: string;
  lines: number;
  rewards: number;
};

/** A payout that is not the sum of the lines which it closed. */
export type PayoutDifference = { payout_id: string; partner_id: string; currency: string; paid: number; lines: number };

export type LedgerCheck = {
  checked_at: string;
  is_balanced: boolean;
  /** Pairs of a partner and a currency. */
  accounts: number;
  conversions: number;
  payouts: number;
  differences: {
    accounts: AccountDifference[];
    /** The first 100. */
    conversions: ConversionDifference[];
    payouts: PayoutDifference[];
  };
};

const MAX_DIFFERENCES = 100;

// R13: a conversion brings the price of its first approval that was booked, whatever later statuses say.
const COMPARE = `
  with booked as (
    select distinct on (conversion_id) conversion_id, lead_id, seq
    from settlements where reward = 'book' and partner_id is not null order by conversion_id, seq
  ), rewards as (
    select s.conversion_id, s.partner_id, e.price_currency as currency,
      sum(case s.reward when 'book' then e.price_amount else -e.price_amount end)::bigint as amount
    from settlements s
    join booked b on b.conversion_id = s.conversion_id
    join lead_events e on e.lead_id = b.lead_id and e.seq = b.seq
    where s.reward <> 'none' and s.partner_id is not null
      and (:partnerId::text is null or s.partner_id = :partnerId)
    group by 1, 2, 3
  ), lines as (
    select conversion_id, partner_id, currency, sum(amount)::bigint as amount
    from ledger_lines where kind <> 'payout' and (:partnerId::text is null or partner_id = :partnerId)
    group by 1, 2, 3
  ), compared as (
    select conversion_id, partner_id, currency, coalesce(l.amount, 0) as lines, coalesce(r.amount, 0) as rewards,
      l.amount is distinct from r.amount as differs
    from lines l full join rewards r using (conversion_id, partner_id, currency)
  )`;

const COMPARE_ACCOUNTS = `${COMPARE}
  select partner_id, currency, sum(lines)::bigint as lines, sum(rewards)::bigint as rewards,
    count(*) filter (where differs) as conversions, count(*) as compared
  from compared group by 1, 2 order by 1, 2`;

const FIND_CONVERSIONS = `${COMPARE}
  select conversion_id, partner_id, currency, lines, rewards from compared where differs order by 2, 3, 1 limit :most`;

const COMPARE_PAYOUTS = `
  select p.payout_id, p.partner_id, p.currency, -coalesce(own.amount, 0) as paid,
    coalesce(closed.amount, 0) as lines, p.amount = -own.amount and p.amount = closed.amount as is_right
  from payouts p
  left join ledger_lines own on own.payout_id = p.payout_id
  left join lateral (
    select sum(amount)::bigint as amount from ledger_lines l
    where l.partner_id = p.partner_id and l.currency = p.currency and l.kind <> 'payout'
      and l.at >= coalesce(p.period_from, timestamptz '-infinity') and l.at < p.upto
  ) closed on true
  where :partnerId::text is null or p.partner_id = :partnerId
  order by p.payout_id`;

/**
 * Compares the lines of one partner, or of all, with what was settled, as of one moment: a settlement and its line are
 * written by one statement, so one that is under way is either in both sums or in neither.
 * @param db whose connections say how long a statement may take
 * @throws AppError `unavailable` when there is more than can be compared in that time
 */
export async function checkLedger(
  db: Knex,
  { partnerId }: { partnerId?: string | undefined } = {},
): Promise<LedgerCheck> {
  const values = { partnerId: partnerId ?? null };
  return await inOneSnapshot(db, async (trx) => {
    await trx.raw(`set local work_mem = '64MB'`);
    const { rows: times } = await trx.raw<{ rows: [{ at: string }] }>('select now() as at');
    const { rows } = await trx.raw<{ rows: (AccountDifference & { compared: number })[] }>(COMPARE_ACCOUNTS, values);
    const { rows: payouts } = await trx.raw<{ rows: (PayoutDifference & { is_right: boolean | null })[] }>(
      COMPARE_PAYOUTS,
      values,
    );
    const accounts = rows.filter((row) => row.conversions > 0).map(withoutCount);
    const wrongPayouts = payouts.filter((row) => row.is_right !== true).map(withoutVerdict);
    return {
      checked_at: times[0].at,
      is_balanced: accounts.length + wrongPayouts.length === 0,
      accounts: rows.length,
      conversions: rows.reduce((sum, { compared }) => sum + compared, 0),
      payouts: payouts.length,
      differences: {
        accounts,
        conversions: accounts.length === 0 ? [] : await findConversions(trx, values),
        payouts: wrongPayouts,
      },
    };
  }).catch(sayWhenTooMuch);
}

function withoutCount({ partner_id, currency, lines, rewards, conversions }: AccountDifference): AccountDifference {
  return { partner_id, currency, lines, rewards, conversions };
}

function withoutVerdict({ payout_id, partner_id, currency, paid, lines }: PayoutDifference): PayoutDifference {
  return { payout_id, partner_id, currency, paid, lines };
}

async function findConversions(trx: Knex, values: { partnerId: string | null }): Promise<ConversionDifference[]> {
  const { rows } = await trx.raw<{ rows: ConversionDifference[] }>(FIND_CONVERSIONS, {
    ...values,
    most: MAX_DIFFERENCES,
  });
  return rows;
}

function sayWhenTooMuch(error: unknown): never {
  if (!isCancelled(error)) throw error;
  const message =
    'All lines cannot be compared in the time that a statement may take: check one partner by partner_id.';
  throw new AppError('unavailable', message, { cause: error });
}

/** The last check by the relays: when it ended, and how many accounts and payouts differed; null before the first. */
export type LastCheck = { ended_at: string | null; differences: number | null };

/** @returns false when another process has begun one in the last `intervalMs` */
export async function beginLedgerCheck(db: Knex, intervalMs: number): Promise<boolean> {
  const { rows } = await db.raw<{ rows: object[] }>(
    `update ledger_checks set begun_at = now()
     where only_row = (select only_row from ledger_checks where begun_at < now() - :intervalMs * interval '1 millisecond'
                       for update skip locked)
     returning only_row`,
    { intervalMs },
  );
  return rows.length > 0;
}

export async function endLedgerCheck(db: Knex, { checked_at, differences }: LedgerCheck): Promise<void> {
  await db('ledger_checks').update({
    ended_at: checked_at,
    differences: differences.accounts.length + differences.payouts.length,
  });
}

export async function readLastLedgerCheck(db: Knex): Promise<LastCheck> {
  const row = await db('ledger_checks').first<LastCheck | undefined>('ended_at', 'differences');
  return row ?? { ended_at: null, differences: null };
}

/** @param db with a single connection, which the next statement takes as well */
export async function readBackendPid(db: Knex): Promise<number> {
  const { rows } = await db.raw<{ rows: [{ pid: number }] }>('select pg_backend_pid() as pid');
  return rows[0].pid;
}

/** Ends the statement of another connection. */
export async function cancelStatement(db: Knex, pid: number): Promise<void> {
  await db.raw('select pg_cancel_backend(:pid)', { pid });
}
