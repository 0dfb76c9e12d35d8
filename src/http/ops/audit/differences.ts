import type { AuditEntry } from '../../../db/reports/audit-log.ts';

/** What of a row was and is, as text; null where there was or is nothing. */
export type Difference = { field: string; before: string | null; after: string | null };

/** What differs between before and after, field by field; of objects each field that differs, named by its path. */
export function tellDifferences({ before, after }: Pick<AuditEntry, 'before' | 'after'>): Difference[] {
  return compare('', before ?? {}, after ?? {});
}

function compare(path: string, before: unknown, after: unknown): Difference[] {
  if (isObject(before) || isObject(after)) {
    const [was, is] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
    const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
    return names.flatMap((name) => compare(path === '' ? name : `${path}.${name}`, was[name], is[name]));
  }
  const [was, is] = [write(before), write(after)];
  return was === is ? [] : [{ field: path, before: was, after: is }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function write(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
