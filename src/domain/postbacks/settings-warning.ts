import type { Status } from '../status.ts';

export const warningCodes = [
  'missing_ref_id',
  'postback_id_as_transaction',
  'missing_transaction_id',
  'foreign_macro',
  'insecure_url',
  'private_host',
  'status_off',
  'status_not_told',
  'status_not_wanted',
  'unknown_word',
  'handover_without_rejected',
  'reversal_of_all',
  'payouts_add_up',
  'sig_without_secret',
  'sig_without_time',
  'nothing_signed',
  'hidden_refusal',
] as const;

export type WarningCode = (typeof warningCodes)[number];

/** Something that may be saved but will likely cost the partner money; `field` is a path such as `status_urls.rejected`. */
export type SettingsWarning = { code: WarningCode; field: string; message: string };

/** One URL that is really called, and for which statuses. */
export type CalledUrl = { field: string; template: string; url: URL; statuses: Status[] };
