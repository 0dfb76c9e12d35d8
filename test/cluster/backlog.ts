import type { Knex } from 'knex';
import { pauseUnlessAborted } from '../../src/pause.ts';

export type Backlog = {
  /** How far the cluster is behind. */
  describe(): string;
  /** More would only lengthen the end of the trial: visitors stay away for a while. */
  isLong(): boolean;
  stop(): Promise<void>;
};

const LOOK_AGAIN_MS = 2000;
const MAX_UNSETTLED = 150;

/** Looks again and again at how many recorded statuses are not settled yet. */
export function watchBacklog(db: Knex): Backlog {
  const stopping = new AbortController();
  let unsettled: number | undefined;
  const watching = watch();

  return {
    describe: () => (unsettled === undefined ? 'Postgres is away' : `${unsettled} statuses not settled yet`),
    isLong: () => (unsettled ?? 0) > MAX_UNSETTLED,
    async stop() {
      stopping.abort();
      await watching;
    },
  };

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      unsettled = await countUnsettled(db).catch(() => undefined);
      await pauseUnlessAborted(LOOK_AGAIN_MS, stopping.signal);
    }
  }
}

async function countUnsettled(db: Knex): Promise<number> {
  const { rows } = await db.raw<{ rows: [{ unsettled: number }] }>(
    `select (select count(*) from lead_events where type = 'status') - (select count(*) from settlements) as unsettled`,
  );
  return rows[0].unsettled;
}
