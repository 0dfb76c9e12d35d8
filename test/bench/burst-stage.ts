// Servers, processes and people of the burst benchmark.
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'undici';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { readBacklog } from '../../src/db/outbox.ts';
import { eventually } from '../support/eventually.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { startPartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivatePostgres, startPrivateTemporal, stopTestServers } from '../support/servers.ts';
import { runLoad, type LoadResult } from './load.ts';

export type Programs = Record<'api' | 'relay' | 'worker', RunningProgram>;

/** A status that was answered, and when its postback comes; in milliseconds of `performance.now()`. */
export type AnsweredStatus = { answeredAt: number; heardAt: Promise<number> };

export type BurstStage = Awaited<ReturnType<typeof createBurstStage>>;

const CONNECTIONS = 64;
// The load ends with its clicks.
const MAX_SECONDS = 600;
const DRAIN_TIMEOUT_MS = 600_000;

/** Everything on this machine, each role in a process of its own. */
export async function createBurstStage() {
  let [postgres, temporal] = await Promise.all([startPrivatePostgres(), startPrivateTemporal()]);
  const db = connectDb({ url: postgres.url, poolSize: 4, statementTimeoutMs: 60_000 });
  await migrate(db);
  const network = await createNetwork({ db, url: postgres.url });
  const waiting = new Map<string, (at: number) => void>();
  const tracker = await startPartnerServer({ onCall: ({ query, at }) => waiting.get(query['cid'] ?? '')?.(at) });
  const partnerId = await network.partner(settingsFor(`${tracker.origin}/?cid={conversion_id}`));
  const http = new Agent({ connections: CONNECTIONS });
  const clickPath = () => `/${partnerId}/?ref_id=${randomUUID().slice(0, 20)}&offer_id=${network.offerId}`;

  const start = (role: keyof Programs) =>
    startProcess({ roles: [role], databaseUrl: postgres.url, temporalAddress: temporal.address });

  return {
    db,
    temporalAddress: temporal.address,
    start,
    async startAll(): Promise<Programs> {
      const [api, relay, worker] = await Promise.all([start('api'), start('relay'), start('worker')]);
      return { api, relay, worker };
    },
    /** Kills every process and server. */
    async killAll(programs: Programs): Promise<void> {
      const everything = [...Object.values(programs), temporal, postgres];
      await Promise.all(
        everything.map((each: { kill(signal: NodeJS.Signals): Promise<unknown> }) => each.kill('SIGKILL')),
      );
    },
    /** Starts the servers again, on the same ports and files. */
    async restartServers(): Promise<void> {
      const { port, dir } = temporal;
      [postgres, temporal] = await Promise.all([
        startPrivatePostgres({ port: Number(new URL(postgres.url).port), dir: postgres.dir }),
        startPrivateTemporal({ port, dir }),
      ]);
    },

    /** New visitors' direct links, each when one before it is answered. */
    async flood({ publicUrl }: RunningProgram, clicks: number): Promise<LoadResult> {
      const load = { origin: publicUrl, path: clickPath(), connections: CONNECTIONS, expectedStatus: 302 };
      return await runLoad({ ...load, seconds: MAX_SECONDS, requests: clicks });
    },
    /** @returns conversion_id */
    async click({ publicUrl }: RunningProgram): Promise<string> {
      const { statusCode, headers, body } = await request(publicUrl + clickPath(), { dispatcher: http });
      await body.dump();
      const conversionId = new URL(String(headers.location)).searchParams.get('click');
      if (statusCode !== 302 || conversionId === null) throw new Error(`A click was answered with ${statusCode}.`);
      return conversionId;
    },
    async approve({ publicUrl }: RunningProgram, conversionId: string): Promise<AnsweredStatus> {
      const heardAt = new Promise<number>((resolve) => waiting.set(conversionId, resolve));
      const { statusCode, body } = await request(
        `${publicUrl}/advertisers/${network.advertiserId}/postback?conversion_id=${conversionId}&status=approved`,
        { dispatcher: http, headers: { authorization: `Bearer ${network.advertiserToken}` } },
      );
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`A status was answered with ${statusCode}: ${text}`);
      return { answeredAt: performance.now(), heardAt };
    },

    async nothingIsOwed(): Promise<void> {
      await eventually(async () => {
        const { leads } = await readBacklog(db);
        if (leads > 0) throw new Error(`${leads} leads are still owed to Temporal.`);
      }, DRAIN_TIMEOUT_MS);
    },
    async count(): Promise<{ leads: number; delivered: number; rewarded: number }> {
      const { rows } = await db.raw<{ rows: [{ leads: number; delivered: number; rewarded: number }] }>(
        `select (select count(*) from leads) as leads, (select count(*) from reward_entries) as rewarded,
                (select count(*) from postbacks where state = 'delivered') as delivered`,
      );
      return rows[0];
    },
    async close(): Promise<void> {
      await http.close();
      await tracker.stop();
      await network.close();
      await stopTestServers();
    },
  };
}

export async function stopAll(programs: Programs): Promise<void> {
  await Promise.all(Object.values(programs).map((program) => program.stop()));
}
