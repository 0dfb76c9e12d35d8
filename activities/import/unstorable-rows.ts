import type { Knex } from 'knex';
import { isBadRow } from '../../src/db/sqlstate.ts';
import { recordStatuses } from '../../src/db/statuses/record-statuses.ts';
import type { StatusReport } from '../../src/domain/status-report.ts';
import type { RowReport } from './read-reports.ts';

/** Postgres has refused to store some rows, for what one of them holds. */
export class RowsRefusedError extends Error {
  override readonly name = 'RowsRefusedError';
  readonly reports: readonly StatusReport[];

  constructor(reports: readonly StatusReport[], cause: unknown) {
    super('Postgres cannot store all of these rows.', { cause });
    this.reports = reports;
  }
}

/** Rows that Postgres cannot store. One of them must not stop all others of its file. */
export type UnstorableRows = {
  /** Finds out which of these it is; nothing is written. @returns false when it is none of them alone */
  find(db: Knex, reports: readonly StatusReport[]): Promise<boolean>;
  /** Leaves nothing of a row that was found but that it was refused. */
  refuse(row: RowReport): RowReport;
};

const PROBLEM =
  'Something in the row cannot be stored, such as a number that is too large or a text that is too long: mend it, and send it in a file of its own.';

export function createUnstorableRows(windowMs: number): UnstorableRows {
  const found = new Set<number>();

  return {
    async find(db, reports) {
      const before = found.size;
      await search(db, reports);
      return found.size > before;
    },
    refuse(row) {
      const { importRow } = row.report;
      if (!importRow || !found.has(importRow.rowNumber)) return row;
      const nothing = { conversionId: null, word: null, reason: null, transactionId: null, eventAt: null };
      const raw = { method: 'IMPORT' as const, query: {}, body: {} };
      return { report: { ...row.report, ...nothing, raw, meaning: 'malformed' }, problem: PROBLEM };
    },
  };

  /** By halves: nearly always it is one of hundreds. */
  async function search(db: Knex, reports: readonly StatusReport[]): Promise<void> {
    if (reports.length === 0 || (await canBeStored(db, reports))) return;
    const [only] = reports;
    if (reports.length === 1 && only?.importRow) {
      found.add(only.importRow.rowNumber);
      return;
    }
    const half = Math.ceil(reports.length / 2);
    await search(db, reports.slice(0, half));
    await search(db, reports.slice(half));
  }

  async function canBeStored(db: Knex, reports: readonly StatusReport[]): Promise<boolean> {
    const trx = await db.transaction();
    try {
      await recordStatuses(trx, reports, { windowMs });
      return true;
    } catch (error) {
      if (!isBadRow(error)) throw error;
      return false;
    } finally {
      await trx.rollback();
    }
  }
}
