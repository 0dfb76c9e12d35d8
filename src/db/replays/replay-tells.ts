import { createJobTells } from '../jobs/job-tells.ts';

/** What the workflow of a replay is started with; `postbackId` is null for a replay of a time range. */
export type ReplayFacts = { partnerId: string; postbackId: string | null; total: number };

export const replayTells = createJobTells<ReplayFacts>({
  table: 'replays',
  id: 'replay_id',
  facts: 'j.partner_id as "partnerId", j.postback_id as "postbackId", j.total',
});
