import type { PartnerConversion } from '../../../db/reports/partner-conversion-standing.ts';
import { formatMajorUnits } from '../../../domain/money.ts';
import type { CsvColumn } from '../../protocol/csv.ts';

export const conversionColumns: CsvColumn<PartnerConversion>[] = [
  { header: 'conversion_id', value: (row) => row.conversion_id },
  { header: 'created_at', value: (row) => row.created_at },
  { header: 'offer_id', value: (row) => row.offer_id },
  { header: 'offer_name', value: (row) => row.offer_name },
  { header: 'ref_id', value: (row) => row.ref_id },
  { header: 'status', value: (row) => row.status },
  { header: 'status_at', value: (row) => row.status_at },
  { header: 'outcome', value: (row) => row.outcome },
  { header: 'reward', value: ({ reward }) => reward && formatMajorUnits(reward.amount, reward.currency) },
  { header: 'currency', value: ({ reward }) => reward && reward.currency },
];

export const conversionCsvExample =
  '"conversion_id","created_at","offer_id","offer_name","ref_id","status","status_at","outcome","reward","currency"\r\n' +
  '"k3v9x2m7q1w8z5t4r6y0","2026-01-31T09:14:30.000Z","gold-card-7h3m2p","Gold card","123456789abcd","approved","2026-01-31T09:15:00.000Z","won","12.50","USD"\r\n';
