// Which import each signed request of the last day became, or was about. Its table is named after files: they came first.
import type { Knex } from 'knex';

// Longer than a signature is good and a file may take, so that whoever waits some hours with a repeat is answered as well.
const IS_FORGOTTEN = `seen_at < now() - interval '1 day'`;

const REMEMBER = `
  insert into signed_files as f (digest, import_id) values (:digest, :importId)
  on conflict (digest) do update set import_id = excluded.import_id, seen_at = now() where f.${IS_FORGOTTEN}
  returning digest`;

// More rows are dropped than are added, so that the table stays as small as what comes in a day.
const DROP_PAST = `
  delete from signed_files where digest in (
    select digest from signed_files where ${IS_FORGOTTEN} order by seen_at limit 2 for update skip locked
  )`;

/**
 * Remembers which import a signed request has become or is about, unless that is remembered already. The same request that
 * comes at the same time waits until this transaction has ended.
 *
 * @returns the import that is remembered; undefined the first time
 */
export async function rememberSignedRequest(
  db: Knex,
  { digest, importId }: { digest: string; importId: string },
): Promise<string | undefined> {
  const { rows } = await db.raw<{ rows: object[] }>(REMEMBER, { digest, importId });
  if (rows.length > 0) {
    // Last, and waiting for nobody: two requests of long ago that come again at once would wait for each other.
    await db.raw(DROP_PAST);
    return undefined;
  }
  const before = await db('signed_files').where({ digest }).first<{ import_id: string } | undefined>('import_id');
  return before?.import_id;
}
