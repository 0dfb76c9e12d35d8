// JSON files that a version older than migration 042-column-names took in: what that has stored of their columns came partly
// from guesses, so the index `imports_once` does not know such a file when it is sent again.
import { isDeepStrictEqual } from 'node:util';
import type { Knex } from 'knex';
import { normaliseName } from '../../domain/imports/places.ts';
import type { FileRow } from '../../domain/imports/row.ts';
import { areSameColumns, type ReadBy } from '../../domain/imports/same-columns.ts';
import { readChunks } from './import-turns.ts';
import { IS_ONCE, readImport, type Import } from './imports.ts';

/** An import whose rows are stored, and by what it reads them. */
export type StoredJson = ReadBy & { importId: string; sha256: string };

const CHUNKS_AT_ONCE = 8;

const FIND_OTHERS = `
  select i.import_id as "importId", i.mapping, i.names
  from imports own
  join imports i on i.advertiser_id = own.advertiser_id and i.sha256 = :sha256 and i.notify = own.notify
    and i.import_id <> own.import_id and ${IS_ONCE}
  where own.import_id = :importId and not own.is_again and i.dry_run = :dryRun and i.format <> 'csv'
    and (i.names is null or :isEarlier)
  order by i.import_id`;

/**
 * Finds what the columns that are stored do not show. The stored rows of the file are read through for it, but only when there is
 * an import of the same bytes that an earlier version took in.
 * @param dryRun whether the other import is one
 * @returns the import of the same file by the same columns; undefined too when the stored columns show it
 */
export async function findEarlierJson(
  db: Knex,
  own: StoredJson,
  { dryRun }: { dryRun: boolean },
): Promise<Import | undefined> {
  const { importId, sha256, names } = own;
  const values = { importId, sha256, dryRun, isEarlier: names === null };
  const { rows: others } = await db.raw<{ rows: (ReadBy & { importId: string })[] }>(FIND_OTHERS, values);
  const isKnown = others.some(({ mapping }) => isDeepStrictEqual(mapping, own.mapping));
  if (others.length === 0 || isKnown) return undefined;
  const columns = [own, ...others].flatMap(({ mapping }) => Object.values(mapping));
  const held = await findHeldNames(db, importId, new Set(columns.map(normaliseName)));
  const same = others.find((other) => areSameColumns(own, other, (name) => held.has(normaliseName(name))));
  return same && (await readImport(db, { importId: same.importId }));
}

/** @returns which of these names occur in the objects of a file */
async function findHeldNames(db: Knex, importId: string, wanted: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (let from = 0; held.size < wanted.size; from += CHUNKS_AT_ONCE) {
    const chunks = await readChunks(db, { importId, from, limit: CHUNKS_AT_ONCE });
    if (chunks.length === 0) break;
    for (const name of chunks.flatMap(({ fileRows }) => namesIn(JSON.parse(fileRows) as FileRow[]))) {
      const normalised = normaliseName(name);
      if (wanted.has(normalised)) held.add(normalised);
    }
  }
  return held;
}

function namesIn(rows: readonly FileRow[]): string[] {
  return rows.flatMap((row) => (typeof row === 'object' ? Object.keys(row) : []));
}
