// What the workflows of long jobs have to be told: that there is one, that it is to go on, or that it has been cancelled.
// A row is the whole truth about a job; its workflow only brings it forward.
import type { Knex } from 'knex';

/** A job whose workflow must be told; `claim` names this claim of it. */
export type JobToTell<Facts extends object = object> = Facts & { id: string; claim: string };

/** A table of long jobs, with the columns `state`, `tell_at` and `touched_at`. */
export type JobTells<Facts extends object> = {
  /** Takes jobs whose workflows must be told; what is not noted as told within the lease is taken again. */
  claim(db: Knex, options: { limit: number; leaseMs: number }): Promise<JobToTell<Facts>[]>;
  /** Notes that a workflow has been told, unless there is something new to tell it. */
  noteTold(db: Knex, job: JobToTell<Facts>): Promise<void>;
  /**
   * Has the workflows be told again of jobs that should go on and of which nothing has been heard for so long: they may be
   * lost. @returns how many
   */
  tellSilent(db: Knex, silentMs: number): Promise<number>;
  /** How many are running now, and not paused. */
  countRunning(db: Knex): Promise<number>;
};

/** @param facts what a workflow is started with, as columns of the row `j` */
export function createJobTells<Facts extends object>({
  table,
  id,
  facts,
}: {
  table: string;
  id: string;
  facts: string;
}): JobTells<Facts> {
  const claimJobs = `
    update ${table} j set tell_at = now() + :leaseMs * interval '1 millisecond'
    from (select ${id} from ${table} where tell_at <= now() order by tell_at limit :limit for update skip locked) due
    where j.${id} = due.${id}
    returning j.${id} as id, j.tell_at::text as claim, ${facts}`;

  return {
    async claim(db, options) {
      const { rows } = await db.raw<{ rows: JobToTell<Facts>[] }>(claimJobs, options);
      return rows;
    },
    async noteTold(db, { id: jobId, claim }) {
      await db.raw(
        `update ${table} set tell_at = null, touched_at = now() where ${id} = :jobId and tell_at = :claim::timestamptz`,
        { jobId, claim },
      );
    },
    async tellSilent(db, silentMs) {
      const { rows } = await db.raw<{ rows: object[] }>(
        `update ${table} set tell_at = now()
         where state = 'running' and tell_at is null and touched_at < now() - :silentMs * interval '1 millisecond'
         returning ${id}`,
        { silentMs },
      );
      return rows.length;
    },
    async countRunning(db) {
      const { rows } = await db.raw<{ rows: { count: number }[] }>(
        `select count(*) as count from ${table} where state = 'running'`,
      );
      return rows[0]?.count ?? 0;
    },
  };
}
