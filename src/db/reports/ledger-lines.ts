import type { Knex } from 'knex';
import type { LineKind, LineState } from '../../domain/ledger.ts';
import { allOf, ifAsked, type Page, type PageQuery } from './pages.ts';

/** A line of a partner's ledger. */
export type LedgerLine = {
  line_id: number;
  at: string;
  kind: LineKind;
  /** Minor units of `currency`; below 0 when something was revoked or paid. */
  amount: number;
  currency: string;
  /** Null for a payout, as are `seq`, `offer_id`, `offer_name` and `price_version`. */
  conversion_id: string | null;
  seq: number | null;
  offer_id: string | null;
  offer_name: string | null;
  price_version: number | null;
  /** The payout that it belongs to; null while it is open. */
  payout_id: string | null;
  /** Of that payout. */
  reference: string | null;
  paid_at: string | null;
};

/** `state`: those that are paid, or open; payouts are neither. `isEarned`: all but payouts. */
export type LedgerFilter = {
  partnerId: string;
  currency?: string | undefined;
  kind?: LineKind | undefined;
  conversion_id?: string | undefined;
  state?: LineState | undefined;
  isEarned?: true | undefined;
  /** ISO 8601; from the first moment on, and before the second. */
  from?: string | undefined;
  to?: string | undefined;
};

/** What lines of one kind and currency come to, in minor units. */
export type LedgerSum = { currency: string; kind: LineKind; lines: number; amount: number };

/** What a cursor of lines stands for: the time of the last one in microseconds, and its id. */
export const LINE_PLACE = /^\d{1,16} \d{1,15}$/;

// The payout that a line is, or the first that ends behind it.
const JOIN_PAYOUT = `
  left join lateral (
    select payout_id, reference, created_at from payouts p
    where p.partner_id = l.partner_id and p.currency = l.currency
      and (l.kind <> 'payout' and p.upto > l.at or p.payout_id = l.payout_id)
    order by p.upto limit 1
  ) paid on true`;

const JOIN_CLOSED = `
  left join (
    select currency, max(upto) as upto from payouts where partner_id = :partnerId group by currency
  ) closed on closed.currency = l.currency`;

const ARE_IN_STATE: Readonly<Record<LineState, string>> = {
  open: `l.kind <> 'payout' and (closed.upto is null or l.at >= closed.upto)`,
  paid: `l.kind <> 'payout' and l.at < closed.upto`,
};

function writeFilter({ state, ...filter }: LedgerFilter): { joins: string; conditions: string[] } {
  return {
    joins: state === undefined ? '' : JOIN_CLOSED,
    conditions: [
      'l.partner_id = :partnerId',
      ...ifAsked(filter.currency, 'l.currency = :currency'),
      ...ifAsked(filter.kind, 'l.kind = :kind'),
      ...ifAsked(filter.conversion_id, 'l.conversion_id = :conversion_id'),
      ...ifAsked(filter.isEarned, `l.kind <> 'payout'`),
      ...ifAsked(filter.from, 'l.at >= :from'),
      ...ifAsked(filter.to, 'l.at < :to'),
      ...(state === undefined ? [] : [ARE_IN_STATE[state]]),
    ],
  };
}

/** A partner's lines, the latest first. */
export async function listLedgerLines(
  db: Knex,
  { limit, cursor, ...filter }: LedgerFilter & PageQuery,
): Promise<Page<LedgerLine>> {
  const [micros, lineId] = cursor?.split(' ') ?? [];
  const { joins, conditions } = writeFilter(filter);
  const walked = [
    ...conditions,
    ...ifAsked(
      cursor,
      `(l.at, l.line_id) < (timestamptz 'epoch' + :micros::bigint * interval '1 microsecond', :lineId)`,
    ),
  ];
  const { rows: read } = await db.raw<{ rows: (LedgerLine & { place: string })[] }>(
    `select l.line_id, l.at, l.kind, l.amount, l.currency, l.conversion_id, l.seq, c.offer_id, o.name as offer_name,
       l.price_version, paid.payout_id, paid.reference, paid.created_at as paid_at,
       (extract(epoch from l.at) * 1000000)::bigint || ' ' || l.line_id as place
     from ledger_lines l ${joins} ${JOIN_PAYOUT}
     left join conversions c on c.conversion_id = l.conversion_id left join offers o on o.offer_id = c.offer_id
     where ${allOf(walked)} order by l.at desc, l.line_id desc limit :most`,
    { ...filter, most: limit + 1, ...(cursor !== undefined && { micros, lineId }) },
  );
  const rows = read.slice(0, limit);
  return {
    rows: rows.map(withoutPlace),
    next: read.length > limit ? (rows.at(-1)?.place ?? null) : null,
  };
}

function withoutPlace(row: LedgerLine & { place: string }): LedgerLine {
  const line: LedgerLine & { place?: string } = { ...row };
  delete line.place;
  return line;
}

/** What a partner's lines come to, by currency and kind. */
export async function sumLedgerLines(db: Knex, filter: LedgerFilter): Promise<LedgerSum[]> {
  const { joins, conditions } = writeFilter(filter);
  const { rows } = await db.raw<{ rows: LedgerSum[] }>(
    `select l.currency, l.kind, count(*) as lines, sum(l.amount)::bigint as amount
     from ledger_lines l ${joins} where ${allOf(conditions)} group by l.currency, l.kind
     order by l.currency, array_position(array['reward', 'revocation', 'correction', 'payout'], l.kind)`,
    { ...filter },
  );
  return rows;
}
