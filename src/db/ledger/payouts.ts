// A payout closes what was earned up to a moment. All lines of a partner in a currency lie on a line of time, and payouts
// divide it into half-open periods: a line is paid when it lies before the end of the latest one. The trigger of
// `ledger_lines` keeps new lines behind that end; see the migration.
import type { Knex } from 'knex';
import type { LineKind } from '../../domain/ledger.ts';
import { formatMajorUnits } from '../../domain/money.ts';
import { AppError, refuseField } from '../../errors.ts';
import { newPayoutId } from '../../new-ids.ts';
import type { Page } from '../reports/pages.ts';

/** A payment to a partner, and the period that it closes; it is never changed. */
export type Payout = {
  payout_id: string;
  partner_id: string;
  currency: string;
  /** Where the payout before it ends; null: it begins with the first line. */
  period_from: string | null;
  /** Before this moment. */
  upto: string;
  /** Minor units. */
  amount: number;
  /** How many lines it closes. */
  lines: number;
  /** Of the payment, unique for the partner. */
  reference: string;
  /** For ops alone. */
  comment: string | null;
  created_at: string;
};

export type NewPayout = {
  partnerId: string;
  currency: string;
  /** ISO 8601; not in the future. */
  upto: string;
  reference: string;
  comment: string | null;
  /** Minor units: refuse unless it comes to this. */
  expectedAmount?: number | undefined;
};

/** What a payout would close, and what would stay open; minor units. */
export type PayoutPreview = {
  from: string | null;
  upto: string;
  is_future: boolean;
  closed: { kind: LineKind; lines: number; amount: number }[];
  lines: number;
  amount: number;
  later_lines: number;
  later_amount: number;
};

type Closing = Pick<NewPayout, 'partnerId' | 'currency' | 'upto'>;

const COLUMNS = [
  'payout_id',
  'partner_id',
  'currency',
  'period_from',
  'upto',
  'amount',
  'lines',
  'reference',
  'comment',
  'created_at',
] as const satisfies (keyof Payout)[];

/**
 * Closes all lines before `upto` that are open by one payout of their sum.
 *
 * The lock waits until every line that is being written is committed, and makes those that come later wait: they see the end
 * of this period, and lie behind it.
 *
 * @param trx a transaction that reads what is committed, statement by statement
 * @returns `isNew` false for the same call again
 * @throws AppError `invalid` for a moment in the future; `conflict` when nothing is open, when it does not come to more than
 *   0 or not to what was expected, or when the reference stands for another payout
 */
export async function recordPayout(
  trx: Knex.Transaction,
  payout: NewPayout,
): Promise<{ payout: Payout; isNew: boolean }> {
  const { partnerId, currency, reference } = payout;
  await trx.raw('select pg_advisory_xact_lock(hashtextextended(:key, 0))', { key: `payouts to ${partnerId}` });
  const same = await findByReference(trx, partnerId, reference);
  if (same) return { payout: refuseUnlessSame(same, payout), isNew: false };
  await trx.raw('select pg_advisory_xact_lock(ledger_lock(:partnerId, :currency))', { partnerId, currency });
  const preview = await previewPayout(trx, payout);
  refusePayout(preview, payout);
  return { payout: await insertPayout(trx, payout, preview), isNew: true };
}

/** What a payout of this moment would close, without any lock. */
export async function previewPayout(db: Knex, { partnerId, currency, upto }: Closing): Promise<PayoutPreview> {
  const { rows } = await db.raw<{ rows: (Sums & { kind: LineKind })[] }>(READ_OPEN, { partnerId, currency, upto });
  const { rows: times } = await db.raw<{ rows: [{ from: string | null; is_future: boolean }] }>(
    `select max(p.upto) as "from", :upto::timestamptz > clock_timestamp() as is_future
     from payouts p where p.partner_id = :partnerId and p.currency = :currency`,
    { partnerId, currency, upto },
  );
  const sum = (column: keyof Sums) => rows.reduce((total, row) => total + row[column], 0);
  return {
    ...times[0],
    upto,
    closed: rows.filter(({ lines }) => lines > 0).map(({ kind, lines, amount }) => ({ kind, lines, amount })),
    lines: sum('lines'),
    amount: sum('amount'),
    later_lines: sum('later_lines'),
    later_amount: sum('later_amount'),
  };
}

/** Why this cannot be paid out; undefined when it can. */
export function explainPayoutRefusal(
  { from, upto, lines, amount }: Pick<PayoutPreview, 'from' | 'upto' | 'lines' | 'amount'>,
  { partnerId, currency }: Pick<Closing, 'partnerId' | 'currency'>,
): string | undefined {
  if (lines === 0) {
    const closed = from === null ? '' : ` Everything before ${from} is paid out.`;
    return `Nothing of partner ${partnerId} in ${currency} is open before ${upto}.${closed}`;
  }
  if (amount > 0) return undefined;
  const sum = `${formatMajorUnits(amount, currency)} ${currency}`;
  return `What is open of partner ${partnerId} before ${upto} comes to ${sum}, so there is nothing to pay. It stays open and is set off against what is earned next: choose a later moment.`;
}

/** A partner's payouts, the latest first. */
export async function listPayouts(
  db: Knex,
  {
    partnerId,
    currency,
    limit,
    cursor,
  }: { partnerId: string; currency?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<Page<Payout>> {
  const query = db('payouts')
    .where({ partner_id: partnerId })
    .orderBy('payout_id', 'desc')
    .limit(limit + 1);
  if (currency !== undefined) void query.where({ currency });
  if (cursor !== undefined) void query.where('payout_id', '<', cursor);
  const found = await query.select<Payout[]>([...COLUMNS]);
  const rows = found.slice(0, limit);
  return { rows, next: found.length > limit ? (rows.at(-1)?.payout_id ?? null) : null };
}

/** A payout with the name of its partner. */
export type PaidPartner = Payout & { partner_name: string };

/** The latest payouts to whomever. */
export async function listLatestPayouts(db: Knex, limit: number): Promise<PaidPartner[]> {
  return await db('payouts as p')
    .join('partners as r', 'r.partner_id', 'p.partner_id')
    .orderBy('p.payout_id', 'desc')
    .limit(limit)
    .select<PaidPartner[]>([...COLUMNS.map((column) => `p.${column}`), 'r.name as partner_name']);
}

/** @returns undefined when the partner has no such payout */
export async function readPayout(
  db: Knex,
  { partnerId, payoutId }: { partnerId: string; payoutId: string },
): Promise<Payout | undefined> {
  return await db('payouts')
    .where({ partner_id: partnerId, payout_id: payoutId })
    .first<Payout | undefined>([...COLUMNS]);
}

type Sums = { lines: number; amount: number; later_lines: number; later_amount: number };

const READ_OPEN = `
  select kind,
    count(*) filter (where at < :upto) as lines,
    coalesce(sum(amount) filter (where at < :upto), 0)::bigint as amount,
    count(*) filter (where at >= :upto) as later_lines,
    coalesce(sum(amount) filter (where at >= :upto), 0)::bigint as later_amount
  from ledger_lines
  where partner_id = :partnerId and currency = :currency and kind <> 'payout'
    and at >= coalesce(
      (select max(upto) from payouts where partner_id = :partnerId and currency = :currency), timestamptz '-infinity'
    )
  group by kind order by array_position(array['reward', 'revocation', 'correction'], kind)`;

const INSERT_PAYOUT = `
  with made as (
    insert into payouts (payout_id, partner_id, currency, period_from, upto, amount, lines, reference, comment)
    values (:payoutId, :partnerId, :currency, :from, :upto, :amount, :lines, :reference, :comment)
    returning ${COLUMNS.join()}
  ), line as (
    insert into ledger_lines (partner_id, currency, kind, amount, payout_id)
    select partner_id, currency, 'payout', -amount, payout_id from made
  )
  select ${COLUMNS.join()} from made`;

async function insertPayout(
  trx: Knex.Transaction,
  { partnerId, currency, upto, reference, comment }: NewPayout,
  { from, amount, lines }: PayoutPreview,
): Promise<Payout> {
  const values = { partnerId, currency, from, upto, amount, lines, reference, comment };
  const { rows } = await trx.raw<{ rows: [Payout] }>(INSERT_PAYOUT, { ...values, payoutId: newPayoutId() });
  return rows[0];
}

async function findByReference(trx: Knex, partnerId: string, reference: string): Promise<Payout | undefined> {
  return await trx('payouts')
    .where({ partner_id: partnerId, reference })
    .first<Payout | undefined>([...COLUMNS]);
}

function refuseUnlessSame(payout: Payout, { currency, upto, expectedAmount = payout.amount }: NewPayout): Payout {
  if (payout.currency === currency && payout.upto === upto && payout.amount === expectedAmount) return payout;
  const { reference, payout_id: id } = payout;
  const sum = `${formatMajorUnits(payout.amount, payout.currency)} ${payout.currency}`;
  throw new AppError(
    'conflict',
    `Reference "${reference}" is that of payout ${id}, ${sum} for all before ${payout.upto}: use another one.`,
  );
}

function refusePayout(preview: PayoutPreview, { expectedAmount = preview.amount, ...payout }: NewPayout): void {
  if (preview.is_future) {
    throw refuseField('upto', 'must not be in the future: what is not earned yet cannot be closed');
  }
  const refusal = explainPayoutRefusal(preview, payout);
  if (refusal !== undefined) throw new AppError('conflict', refusal);
  if (preview.amount === expectedAmount) return;
  const [is, was] = [preview.amount, expectedAmount].map((amount) => formatMajorUnits(amount, payout.currency));
  throw new AppError(
    'conflict',
    `What is open before ${preview.upto} comes to ${is} ${payout.currency} now, not to ${was}: look at it again.`,
  );
}
