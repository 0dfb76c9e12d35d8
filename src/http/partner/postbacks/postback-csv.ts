import { formatMajorUnits } from '../../../domain/money.ts';
import type { viewListedPostback } from '../../../stories/partner-postback.ts';
import type { CsvColumn } from '../../protocol/csv.ts';

type Item = ReturnType<typeof viewListedPostback>;

export const postbackColumns: CsvColumn<Item>[] = [
  { header: 'postback_id', value: (item) => item.postback_id },
  { header: 'conversion_id', value: (item) => item.conversion_id },
  { header: 'offer_id', value: (item) => item.offer_id },
  { header: 'ref_id', value: (item) => item.ref_id },
  { header: 'status', value: (item) => item.status },
  { header: 'reason', value: (item) => item.reason },
  { header: 'is_handover', value: (item) => String(item.is_handover) },
  { header: 'payout', value: ({ payout }) => formatMajorUnits(payout.amount, payout.currency) },
  { header: 'currency', value: ({ payout }) => payout.currency },
  { header: 'state', value: (item) => item.state },
  { header: 'skip_reason', value: (item) => item.skip_reason },
  { header: 'attempts_made', value: (item) => item.attempts_made },
  { header: 'last_http_status', value: (item) => item.last_attempt?.http_status ?? null },
  { header: 'last_error', value: (item) => item.last_attempt?.error ?? null },
  { header: 'warnings', value: (item) => item.warnings.map(({ message }) => message).join(' ') || null },
  { header: 'next_attempt_at', value: (item) => item.next_attempt_at },
  { header: 'created_at', value: (item) => item.created_at },
  { header: 'ended_at', value: (item) => item.ended_at },
];

export const postbackCsvExample =
  '"postback_id","conversion_id","offer_id","ref_id","status","reason","is_handover","payout","currency","state","skip_reason","attempts_made","last_http_status","last_error","warnings","next_attempt_at","created_at","ended_at"\r\n' +
  '"p4t8w1x6z3c7v9b2","k3v9x2m7q1w8z5t4r6y0","gold-card-7h3m2p","123456789abcd","approved",,"false","12.50","USD","delivered",,1,200,,,,"2026-01-31T09:15:00.000Z","2026-01-31T09:15:00.000Z"\r\n';
