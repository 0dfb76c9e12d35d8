import type { Migration } from './migration.ts';

// A join of columns with different collations cannot use the index of one of them. Leads and conversions compare their
// ids byte by byte everywhere; all other ids already agree with each other.
const ID_COLUMNS: Record<string, string[]> = {
  status_calls: ['conversion_id', 'lead_id'],
  settlements: ['conversion_id', 'lead_id'],
  reward_entries: ['conversion_id'],
  postbacks: ['conversion_id', 'lead_id'],
};

const UP = `
  ${alterColumns('"C"')}
  -- What became of one conversion, however many events its lead has. Clicks write no statuses, so they pay nothing.
  create index lead_events_of_statuses on lead_events (conversion_id, seq) where type = 'status';
`;

const DOWN = `
  drop index lead_events_of_statuses;
  ${alterColumns('"default"')}
`;

/** Rebuilds the indexes of each table once, and rewrites no rows. */
function alterColumns(collation: string): string {
  return Object.entries(ID_COLUMNS)
    .map(([table, columns]) => {
      const changes = columns.map((column) => `alter column ${column} type text collate ${collation}`);
      return `alter table ${table} ${changes.join(', ')};`;
    })
    .join('\n  ');
}

export const sameCollations: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
