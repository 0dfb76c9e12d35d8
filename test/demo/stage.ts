import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { startReceiver } from '../../src/dev/receiver.ts';
import type { Status } from '../../src/domain/status.ts';
import { call } from '../end-to-end/http-network.ts';
import { eventually } from '../support/eventually.ts';
import { startProcess } from '../support/program.ts';
import { startPrivatePostgres, startPrivateTemporal } from '../support/servers.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { startOps, type Ops } from './ops.ts';
import { startPartner, type DemoPartner } from './partner.ts';
import { createVisitor, type Visitor } from './visitor.ts';

/** Stands for the five minutes between two tries. */
export const INTERVAL_SECONDS = 2;
const TIMEOUT_SECONDS = 1;

/** Everybody who takes part in a story. */
export type Stage = {
  narrator: Narrator;
  alba: DemoPartner;
  bluebird: DemoPartner;
  bank: { reports(conversionId: string, status: Status, reason?: string): Promise<void> };
  ops: Ops;
  newVisitor: () => Visitor;
  /** Waits until a partner's tracker has been called so often. */
  untilCalled: (partner: DemoPartner, calls: number) => Promise<void>;
  /** Lets the time pass at which the next try would be due. */
  passInterval: () => Promise<void>;
  stop(): Promise<void>;
};

type ById<Id extends string> = Record<Id, string>;

/** The real program on servers of its own, and a network that was made through its admin API. */
export async function startStage(): Promise<Stage> {
  const narrator = createNarrator();
  const [postgres, temporal, landing] = await Promise.all([
    startPrivatePostgres(),
    startPrivateTemporal(),
    startReceiver({ port: 0 }),
  ]);
  const program = await startProcess({
    databaseUrl: postgres.url,
    temporalAddress: temporal.address,
    env: { POSTBACK_INTERVAL_SECONDS: String(INTERVAL_SECONDS), POSTBACK_TIMEOUT_SECONDS: String(TIMEOUT_SECONDS) },
  });
  const ops = await startOps(program.opsUrl, temporal.address);
  const partners = await Promise.all(['Alba', 'Bluebird'].map((name) => startPartner(name, narrator)));
  const [alba, bluebird] = partners as [DemoPartner, DemoPartner];
  for (const { partnerId, postbackUrl } of partners) {
    await ops.create('partners', { name: partnerId, partner_id: partnerId, postback: { url: postbackUrl } });
  }
  const { advertiser_id, token } = await ops.create<ById<'advertiser_id' | 'token'>>('advertisers', { name: 'Bank' });
  await ops.create('offers', {
    advertiser_id,
    name: 'Travel credit card',
    offer_id: 'travel-card',
    url: `${landing.url}/landing?conversion_id={conversion_id}`,
    reward: { amount: 1250, currency: 'USD' },
  });

  return {
    narrator,
    alba,
    bluebird,
    ops,
    bank: {
      async reports(conversionId, status, reason) {
        const query = new URLSearchParams({ conversion_id: conversionId, status, ...(reason && { reason }) });
        const answer = await call(`${program.publicUrl}/advertisers/${advertiser_id}/postback?${query.toString()}`, {
          headers: { authorization: `Bearer ${token}` },
        });
        narrator.tell('bank', `reports ${query.toString()}`);
        narrator.tell('', `  and is answered ${answer.status} ${answer.body}`);
        assert.equal(answer.status, 200);
      },
    },
    newVisitor: () => createVisitor(program.publicUrl, narrator),
    untilCalled: (partner, calls) => eventually(() => assert.equal(partner.heard.at.length, calls)),
    async passInterval() {
      await delay(INTERVAL_SECONDS * 1000 + 500);
      narrator.tell('', `${INTERVAL_SECONDS} s have passed: the next try would have come by now`);
    },
    async stop() {
      await program.stop();
      await Promise.all([ops, landing, ...partners].map((party) => party.stop()));
    },
  };
}
