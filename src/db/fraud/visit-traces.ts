import type { Pool } from 'pg';

/** What a click looked like. Nothing in it leads back to an address without the key of its day. */
export type VisitTrace = {
  at: Date;
  leadId: string;
  conversionId: string | null;
  /** Of the touch; null where the click was none. */
  partnerId: string | null;
  addressHash: Buffer;
  agentHash: Buffer;
  /** The value of Sec-Fetch-Dest where the click was no page of its own. */
  embedded: string | null;
  /** The lead came from the token of a wall's link. */
  byLink: boolean;
};

const INSERT = `
  insert into visit_traces (at, lead_id, conversion_id, partner_id, address_hash, agent_hash, embedded, by_link)
  select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[], $7::text[],
    $8::boolean[])`;

// One transaction, so that the commit need not wait for the disk: a trace is only a hint.
const BEGIN = 'begin; set local synchronous_commit = off';

/** Writes traces behind the clicks; those that a crash takes are gone. */
export async function writeVisitTraces(pool: Pool, traces: readonly VisitTrace[]): Promise<void> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    await client.query(BEGIN);
    await client.query({
      name: 'write-visit-traces',
      text: INSERT,
      values: [
        traces.map(({ at }) => at),
        traces.map(({ leadId }) => leadId),
        traces.map(({ conversionId }) => conversionId),
        traces.map(({ partnerId }) => partnerId),
        traces.map(({ addressHash }) => addressHash),
        traces.map(({ agentHash }) => agentHash),
        traces.map(({ embedded }) => embedded),
        traces.map(({ byLink }) => byLink),
      ],
    });
    await client.query('commit');
    isBroken = false;
  } finally {
    client.release(isBroken);
  }
}
