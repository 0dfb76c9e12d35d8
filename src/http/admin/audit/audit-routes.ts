import type { Router } from 'express';
import type { Knex } from 'knex';
import { listAuditEntries, type AuditEntry } from '../../../db/reports/audit-log.ts';
import { auditListSchema } from '../../fields/audit-filters.ts';
import { sendList } from '../../fields/lists.ts';
import { readWith } from '../../fields/read-with.ts';
import type { CsvColumn } from '../../protocol/csv.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';

const columns: CsvColumn<AuditEntry>[] = [
  { header: 'audit_id', value: (entry) => entry.audit_id },
  { header: 'at', value: (entry) => entry.at },
  { header: 'actor', value: (entry) => entry.actor },
  { header: 'role', value: (entry) => entry.role },
  { header: 'action', value: (entry) => entry.action },
  { header: 'subject_type', value: (entry) => entry.subject_type },
  { header: 'subject_id', value: (entry) => entry.subject_id },
  { header: 'before', value: (entry) => entry.before && JSON.stringify(entry.before) },
  { header: 'after', value: (entry) => entry.after && JSON.stringify(entry.after) },
  { header: 'comment', value: (entry) => entry.comment },
];

/** Who changed what. */
export function addAuditRoutes(routes: Router, db: Knex): void {
  routes.get('/audit', async (req, res) => {
    const query = readWith(auditListSchema, req.query);
    await sendList(req, res, {
      query,
      read: (page) => listAuditEntries(db, { ...query, ...page }),
      view: (entry) => entry,
      csv: { name: 'audit', columns },
    });
  });
  routes.all('/audit', allowOnly('GET', 'HEAD'));
}
