import type { Knex } from 'knex';
import { asActor, noteAct, type Actor } from '../audit.ts';
import { applyImport, askImport, type Import } from './imports.ts';

export const importChanges = ['apply', 'pause', 'resume', 'cancel'] as const;

export type ImportChange = (typeof importChanges)[number];

/**
 * Applies, pauses, resumes or cancels an import on behalf of an admin, and notes that.
 * @returns undefined when there is no such import
 * @throws AppError `conflict` when that cannot be done any more, or not yet
 */
export async function changeImport(
  db: Knex,
  { importId, change, actor }: { importId: string; change: ImportChange; actor: Actor },
): Promise<Import | undefined> {
  return await asActor(db, actor, async (trx) => {
    const changed =
      change === 'apply' ? await applyImport(trx, { importId }) : await askImport(trx, { importId, ask: change });
    if (changed) await noteAct(trx, { action: change, subjectType: 'import', subjectId: importId });
    return changed;
  });
}
