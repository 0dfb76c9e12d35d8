// New leads into Temporal by a script that does nothing else: the calls of a relay without its database.
import { randomUUID } from 'node:crypto';
import { registerSearchAttributes } from '../../src/temporal/connect.ts';
import { tellLead, type OwedEvents } from '../../src/temporal/tell-lead.ts';
import { conversion, numbered, touch } from '../support/leads/events.ts';
import { inParallel } from '../support/in-parallel.ts';
import { policy } from '../support/policy.ts';
import { connectClient } from '../support/temporal/connection.ts';

/** Starts so many leads with a touch and a conversion each, asleep, and leaves them open. @returns leads per second */
export async function startRawLeads(address: string, leads: number, atOnce: number): Promise<number> {
  const client = await connectClient(address);
  await registerSearchAttributes(client);
  const startedAt = performance.now();
  await inParallel(Array.from({ length: leads }), atOnce, () =>
    tellLead(client, newLeadOwed(), { policy, mayStartAsleep: true, mayWakeForPeople: true }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  await client.connection.close();
  return leads / seconds;
}

function newLeadOwed(): OwedEvents {
  const facts = [touch('abcdefghigk', randomUUID().slice(0, 20)), conversion(randomUUID())];
  const events = numbered(facts, { at: new Date().toISOString() });
  return { leadId: randomUUID(), events, uptoSeq: 2, owesStatus: false, recheck: false, partnerBefore: null };
}
