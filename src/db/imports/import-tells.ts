import { createJobTells, type JobTells } from '../jobs/job-tells.ts';
import { dropAbandoned } from './receiving.ts';

/** What the workflow of an import is started with. */
export type ImportFacts = { advertiserId: string; dryRun: boolean; rows: number };

// Far longer than an upload may take.
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

const tells = createJobTells<ImportFacts>({
  table: 'imports',
  id: 'import_id',
  facts: 'j.advertiser_id as "advertiserId", j.dry_run as "dryRun", j.rows',
});

export const importTells: JobTells<ImportFacts> = {
  ...tells,
  async tellSilent(db, silentMs) {
    const told = await tells.tellSilent(db, silentMs);
    await dropAbandoned(db, ABANDONED_AFTER_MS);
    return told;
  },
};
