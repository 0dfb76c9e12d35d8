import type { Knex } from 'knex';
import { AppError } from '../../errors.ts';
import { applyImport } from './apply-import.ts';
import { askImport, readImport, type Import, type ImportKey } from './imports.ts';
import { rememberSignedRequest } from './signed-requests.ts';

export type OwnImportChange = Required<ImportKey> & {
  change: 'apply' | 'cancel';
  /** What this one signed request is known by; undefined where no signature is asked for. */
  request: string | undefined;
};

/**
 * Applies or cancels an import on behalf of the advertiser that has sent it. A signed request is judged once: who has seen it
 * can send it again for minutes, and what was refused then, because a dry run was not done or had ended, might be done now.
 *
 * @returns undefined when there is no such import
 * @throws AppError `conflict` when that cannot be done any more, or not yet, or was refused to this request before
 */
export async function changeOwnImport(db: Knex, asked: OwnImportChange): Promise<Import | undefined> {
  const { request } = asked;
  if (request === undefined) return await change(db, asked);
  const judged = await db.transaction((trx) => judgeOnce(trx, { ...asked, request }));
  // Thrown after the commit, so that the refusal is remembered.
  if (judged instanceof AppError) throw judged;
  return judged;
}

async function judgeOnce(
  trx: Knex,
  asked: OwnImportChange & { request: string },
): Promise<Import | AppError | undefined> {
  const { importId, request: digest } = asked;
  if (!(await readImport(trx, asked))) return undefined;
  if ((await rememberSignedRequest(trx, { digest, importId })) !== undefined) return await answerAgain(trx, asked);
  try {
    return await trx.transaction((inner) => change(inner, asked));
  } catch (error) {
    if (error instanceof AppError && error.kind === 'conflict') return error;
    throw error;
  }
}

async function change(db: Knex, { change: ask, ...key }: OwnImportChange): Promise<Import | undefined> {
  return ask === 'apply' ? await applyImport(db, key) : await askImport(db, { ...key, ask });
}

/** Whoever had no answer to what was done is told of it. */
async function answerAgain(trx: Knex, asked: OwnImportChange): Promise<Import | AppError | undefined> {
  const found = await readImport(trx, asked);
  if (!found) return undefined;
  const isDone = asked.change === 'apply' ? !found.dry_run : found.asked === 'cancel';
  return isDone ? found : new AppError('conflict', 'This very request was refused before: to ask again, sign it anew.');
}
