// What Temporal has to be told of pulls: their Schedules follow what stands in Postgres, whenever Temporal was away.
import type { PullState } from '../../domain/pulls/pull.ts';
import { createJobTells, type JobTells } from '../jobs/job-tells.ts';

/** What a Schedule is made of; no interval where nothing is to be pulled any more. */
export type PullScheduleFacts = {
  everyMinutes: number | null;
  state: PullState | null;
  /** When somebody asked for a pull at once. */
  runAskedAt: string | null;
};

const tells = createJobTells<PullScheduleFacts>({
  table: 'pull_standings',
  id: 'advertiser_id',
  facts: `(select s.every_minutes from pull_settings s where s.advertiser_id = j.advertiser_id) as "everyMinutes",
    (select s.state from pull_settings s where s.advertiser_id = j.advertiser_id) as state,
    j.run_asked_at::text as "runAskedAt"`,
});

// Changed again meanwhile: two relays may have told Temporal in the wrong order, so it is told once more.
const NOTE_TOLD = `
  update pull_standings set touched_at = now(),
    tell_at = case when tell_at = :claim::timestamptz then null else now() end,
    run_asked_at = case when run_asked_at = :runAskedAt::timestamptz then null else run_asked_at end
  where advertiser_id = :id`;

const TELL_AGAIN = `
  update pull_standings set tell_at = now()
  where tell_at is null and touched_at < now() - :silentMs * interval '1 millisecond'
    and exists (select from pull_settings s where s.advertiser_id = pull_standings.advertiser_id)`;

export const pullTells: JobTells<PullScheduleFacts> = {
  claim: (db, options) => tells.claim(db, options),
  async noteTold(db, { id, claim, runAskedAt }) {
    await db.raw(NOTE_TOLD, { id, claim, runAskedAt });
  },
  /** A Temporal that has lost its store gets its Schedules back; nothing is wrong when there are some to tell. */
  async tellSilent(db, silentMs) {
    await db.raw(TELL_AGAIN, { silentMs });
    return 0;
  },
  async countRunning(db) {
    const { rows } = await db.raw<{ rows: [{ count: number }] }>(
      `select count(*) as count from pull_settings where state = 'active'`,
    );
    return rows[0].count;
  },
};
