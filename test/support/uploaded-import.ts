import type { Network } from './network-in-database.ts';

/** The import that was uploaded by the test, its dry run in this state. */
export async function uploadedImport({ db }: Network, state: 'running' | 'paused' | 'done'): Promise<string> {
  const asked = state === 'paused' ? 'pause' : 'run';
  const [{ import_id: id } = { import_id: '' }] = await db('imports')
    .update({ state, asked, dry_run: true, ended_at: state === 'done' ? db.fn.now() : null })
    .returning<{ import_id: string }[]>('import_id');
  return id;
}
