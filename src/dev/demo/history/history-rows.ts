/** Rows as their tables have them; times are Dates. */
export type HistoryRows = Record<HistoryTable, Row[]>;
export type Row = Record<string, string | number | boolean | Date | null>;

/** In an order in which they can be written. */
export const historyTables = [
  'leads',
  'lead_events',
  'conversions',
  'status_calls',
  'settlements',
  'ledger_lines',
  'postbacks',
  'postback_attempts',
] as const;

export type HistoryTable = (typeof historyTables)[number];

export function emptyHistory(): HistoryRows {
  return Object.fromEntries(historyTables.map((table) => [table, [] as Row[]])) as HistoryRows;
}
