import { isDeepStrictEqual } from 'node:util';
import type { Knex } from 'knex';
import { asActor, noteAct, type Actor } from '../audit.ts';
import { applyImport } from './apply-import.ts';
import { askImport, type Import } from './imports.ts';

export const importChanges = ['apply', 'pause', 'resume', 'cancel'] as const;

export type ImportChange = (typeof importChanges)[number];

/**
 * Applies, pauses, resumes or cancels an import on behalf of an admin, and notes that if it changes something.
 * @returns undefined when there is no such import
 * @throws AppError `conflict` when that cannot be done any more, or not yet
 */
export async function changeImport(
  db: Knex,
  { importId, change, actor }: { importId: string; change: ImportChange; actor: Actor },
): Promise<Import | undefined> {
  return await asActor(db, actor, async (trx) => {
    const before = await lockStanding(trx, importId);
    const changed =
      change === 'apply' ? await applyImport(trx, { importId }) : await askImport(trx, { importId, ask: change });
    if (!changed) return undefined;
    const after: Standing = { state: changed.state, asked: changed.asked, dry_run: changed.dry_run };
    // Asked for what is so already, nothing has changed.
    if (!isDeepStrictEqual(before, after)) {
      await noteAct(trx, { action: change, subjectType: 'import', subjectId: importId, before, after });
    }
    return changed;
  });
}

type Standing = Pick<Import, 'state' | 'asked' | 'dry_run'>;

async function lockStanding(trx: Knex, importId: string): Promise<Standing | undefined> {
  const row = await trx('imports')
    .where({ import_id: importId })
    .forUpdate()
    .first<Standing | undefined>('state', 'asked', 'dry_run');
  return row && { ...row };
}
