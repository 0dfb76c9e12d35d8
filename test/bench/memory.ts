// What a worker's memory grows by with each lead it keeps between events: leads with an approved conversion whose postback
// has been delivered, which wait for the end of their window.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { readConfig } from '../../src/config.ts';
import { eventually } from '../support/eventually.ts';
import { inParallel } from '../support/in-parallel.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { startPartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { startProcess } from '../support/program.ts';
import '../support/temporal/quiet-sdk.ts';
import { startPrivatePostgres, startPrivateTemporal, stopTestServers } from '../support/servers.ts';
import { describeMachine, endWith, judgeLargest } from './figures.ts';

const LEADS_AT_ONCE = 16;
// 512 MB
const MAX_MIB = 488;
const QUIET_MS = 5000;

const { cachedWorkflows } = readConfig({}).worker;
const [postgres, temporal, tracker] = await Promise.all([
  startPrivatePostgres(),
  startPrivateTemporal(),
  startPartnerServer(),
]);
const db = connectDb({ url: postgres.url, poolSize: 4, statementTimeoutMs: 60_000 });
await migrate(db);
const network = await createNetwork({ db, url: postgres.url });
const partnerId = await network.partner(settingsFor(tracker.url));
const servers = { databaseUrl: postgres.url, temporalAddress: temporal.address };
// Otherwise the heap grows as far as the machine has memory to spare.
const env = { NODE_OPTIONS: '--max-old-space-size=256' };
const worker = await startProcess({ roles: ['worker'], ...servers, env });
const relay = await startProcess({ roles: ['relay'], ...servers });

console.log(`${describeMachine()}; a worker that keeps up to ${cachedWorkflows} leads`);
let leads = 0;
// With the last step it has to let go of as many as it keeps.
for (const step of [0, 0.5, 1, 2].map((share) => Math.ceil(share * cachedWorkflows))) {
  await inParallel(Array.from({ length: step - leads }), LEADS_AT_ONCE, approvedLead);
  leads = step;
  await delay(QUIET_MS);
  const { now, most } = await memoryOf(worker.pid);
  console.log(`${step} leads: ${now} MiB now, ${most} MiB at most`);
}
const { most } = await memoryOf(worker.pid);

await Promise.all([worker.stop(), relay.stop()]);
await tracker.stop();
await network.close();
await stopTestServers();
endWith([judgeLargest('memory of a worker', [most], { atMost: MAX_MIB, unit: 'MiB' })]);

async function approvedLead(): Promise<void> {
  const { conversionId } = await network.aLead(partnerId);
  await network.report(conversionId, 'approved');
  await eventually(async () => {
    const delivered = await db('postbacks').where({ conversion_id: conversionId, state: 'delivered' }).select('state');
    if (delivered.length === 0) throw new Error('A postback has not been delivered.');
  }, 60_000);
}

/** Of a process, in MiB: what it takes of the machine's memory, and the most that it has taken so far. */
async function memoryOf(pid: number): Promise<{ now: number; most: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mibOf = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024);
  return { now: mibOf('VmRSS'), most: mibOf('VmHWM') };
}
