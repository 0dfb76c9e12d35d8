import type { Knex } from 'knex';
import type { Page } from './pages.ts';

/** Something that was changed or done, by whom; of a change only the columns that differ. */
export type AuditEntry = {
  audit_id: number;
  at: string;
  /** The name of an admin, `partner:{id}`, or `system`. */
  actor: string;
  role: string | null;
  action: string;
  subject_type: string;
  subject_id: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  comment: string | null;
};

export type AuditQuery = {
  actor?: string | undefined;
  action?: string | undefined;
  subject_type?: string | undefined;
  subject_id?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  limit: number;
  /** The id of the last entry of the page before. */
  cursor?: string | undefined;
};

const COLUMNS = [
  ...['audit_id', 'at', 'actor', 'role', 'action', 'subject_type', 'subject_id', 'before', 'after', 'comment'],
];

/** What was changed and done, the latest first. */
export async function listAuditEntries(
  db: Knex,
  { from, to, limit, cursor, ...equal }: AuditQuery,
): Promise<Page<AuditEntry>> {
  const query = db('audit_log')
    .orderBy('audit_id', 'desc')
    .limit(limit + 1);
  for (const [column, value] of Object.entries(equal)) if (value !== undefined) void query.where(column, value);
  if (from !== undefined) void query.where('at', '>=', from);
  if (to !== undefined) void query.where('at', '<', to);
  if (cursor !== undefined) void query.where('audit_id', '<', cursor);
  const found = await query.select<AuditEntry[]>(COLUMNS);
  const rows = found.slice(0, limit);
  return { rows, next: found.length > limit ? String(rows.at(-1)?.audit_id) : null };
}
