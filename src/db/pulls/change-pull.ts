import type { Knex } from 'knex';
import { asActor, noteAct, type Actor } from '../audit.ts';
import { askForPull, lockPullSettings, setPullState } from './pull-settings.ts';

export const pullChanges = ['run', 'pause', 'resume'] as const;

export type PullChange = (typeof pullChanges)[number];

/**
 * Pulls at once, pauses or resumes on behalf of an admin; Temporal hears of it as soon as it can be reached.
 * @returns false when nothing is pulled from this advertiser
 */
export async function changePull(
  db: Knex,
  { advertiserId, change, actor }: { advertiserId: string; change: PullChange; actor: Actor },
): Promise<boolean> {
  return await asActor(db, actor, async (trx) => {
    if (!(await lockPullSettings(trx, advertiserId))) return false;
    if (change === 'run') {
      await askForPull(trx, advertiserId);
      await noteAct(trx, { action: 'run', subjectType: 'pull', subjectId: advertiserId });
    } else {
      await setPullState(trx, { advertiserId, state: change === 'pause' ? 'paused' : 'active' });
    }
    return true;
  });
}
