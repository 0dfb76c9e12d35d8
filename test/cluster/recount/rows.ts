import type { Status } from '../../../src/domain/status.ts';
import { groupBy, type Facts } from './facts.ts';

/** A row of an imported file about a conversion that is known. */
export type ImportedRow = { importId: string; row: number; conversionId: string; status: Status };

/** The same with what became of it. */
export type BookedRow = ImportedRow & { result: string };

export function keyOfRow({ importId, row }: ImportedRow): string {
  return `${importId} ${row}`;
}

/** What is kept of the rows of these imports. */
export function bookedRows({ calls }: Facts, importIds: ReadonlySet<string>): BookedRow[] {
  return calls.flatMap(({ import_id, row_number, conversion_id, status, result }) =>
    import_id !== null && importIds.has(import_id)
      ? [{ importId: import_id, row: row_number ?? 0, conversionId: conversion_id, status, result }]
      : [],
  );
}

/**
 * Nobody else reports these conversions, so what becomes of each row follows from those before it (R7). Only whether it
 * came too late is taken from what was booked; that is looked at for all statuses together.
 *
 * @param latest the status of each conversion before these rows; it is brought up to date
 */
export function judgeRows(
  rows: readonly ImportedRow[],
  { latest, booked }: { latest: Map<string, Status>; booked: readonly BookedRow[] },
): BookedRow[] {
  const tooLate = new Set(booked.filter(({ result }) => result === 'window_closed').map(keyOfRow));
  return rows.map(({ importId, row, conversionId, status }) => {
    const before = latest.get(conversionId);
    const isStale = status === 'pending' && before !== undefined && before !== 'pending';
    const isNews = !isStale && status !== before;
    const isRefused = isNews && tooLate.has(keyOfRow({ importId, row, conversionId, status }));
    const result = isRefused ? 'window_closed' : isStale ? 'stale' : isNews ? 'recorded' : 'duplicate';
    if (result === 'recorded') latest.set(conversionId, status);
    return { importId, row, conversionId, status, result };
  });
}

/** Conversions whose events are not just the recorded rows, in their order. */
export function findWrongEvents(
  rows: readonly BookedRow[],
  { eventsByLead }: Facts,
): { counted: number; wrong: string[] } {
  const statuses = groupBy(
    [...eventsByLead.values()].flat().filter(({ type }) => type === 'status'),
    ({ conversion_id }) => conversion_id ?? '',
  );
  const byConversion = groupBy(rows, ({ conversionId }) => conversionId);
  const wrong = [...byConversion].flatMap(([conversionId, ofConversion]) => {
    const recorded = ofConversion.filter(({ result }) => result === 'recorded');
    const should = recorded.map(({ status }) => status).join();
    const is = (statuses.get(conversionId) ?? []).map(({ status }) => status).join();
    return is === should ? [] : [`${conversionId}: should have ${should}, has ${is}`];
  });
  return { counted: byConversion.size, wrong };
}
