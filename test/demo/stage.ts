import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { startReceiver } from '../../src/dev/demo/receiver.ts';
import type { Status } from '../../src/domain/status.ts';
import { eventually } from '../support/eventually.ts';
import { call } from '../support/network-over-http.ts';
import { startProcess } from '../support/program.ts';
import { startPrivatePostgres, startPrivateTemporal } from '../support/servers.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { startOps, type Ops } from './ops.ts';
import { startPartner, type DemoPartner } from './partner.ts';
import { createVisitor, type Visitor } from './visitor.ts';

/** Stands for the five minutes between two attempts. */
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
  /** Lets the time pass at which the next attempt would be due. */
  passInterval: () => Promise<void>;
  stop(): Promise<void>;
};

/** The real program on servers of its own, and a network that is made through its admin API. */
export async function startStage(): Promise<Stage> {
  const narrator = createNarrator();
  const [postgres, temporal, landing, alba, bluebird] = await Promise.all([
    startPrivatePostgres(),
    startPrivateTemporal(),
    startReceiver({ port: 0 }),
    startPartner('Alba', narrator),
    startPartner('Bluebird', narrator),
  ]);
  const program = await startProcess({
    databaseUrl: postgres.url,
    temporalAddress: temporal.address,
    env: { POSTBACK_INTERVAL_SECONDS: String(INTERVAL_SECONDS), POSTBACK_TIMEOUT_SECONDS: String(TIMEOUT_SECONDS) },
  });
  const ops = await startOps(program.opsUrl, temporal.address);
  const account = await fillCatalogue(ops, [alba, bluebird], landing.url);
  return {
    narrator,
    alba,
    bluebird,
    bank: createBank(program.publicUrl, account, narrator),
    ops,
    newVisitor: () => createVisitor(program.publicUrl, narrator),
    untilCalled: (partner, calls) => eventually(() => assert.equal(partner.heard.length, calls)),
    async passInterval() {
      await delay(INTERVAL_SECONDS * 1000 + 500);
      narrator.tell('', `${INTERVAL_SECONDS} s have passed: the next attempt would have come by now`);
    },
    async stop() {
      await program.stop();
      await Promise.all([ops, landing, alba, bluebird].map((party) => party.stop()));
    },
  };
}

type BankAccount = { advertiser_id: string; token: string };

async function fillCatalogue(ops: Ops, partners: DemoPartner[], landingUrl: string): Promise<BankAccount> {
  for (const { name, partnerId, postbackUrl } of partners) {
    await ops.create('partners', { name, partner_id: partnerId, postback: { url: postbackUrl } });
  }
  const account = await ops.create<BankAccount>('advertisers', { name: 'Bank' });
  await ops.create('offers', {
    advertiser_id: account.advertiser_id,
    offer_id: 'travel-card',
    name: 'Travel credit card',
    url: `${landingUrl}/landing?conversion_id={conversion_id}`,
    reward: { amount: 1250, currency: 'USD' },
  });
  return account;
}

function createBank(publicUrl: string, { advertiser_id, token }: BankAccount, narrator: Narrator): Stage['bank'] {
  return {
    async reports(conversionId, status, reason) {
      const query = new URLSearchParams({ conversion_id: conversionId, status, ...(reason && { reason }) }).toString();
      const answer = await call(`${publicUrl}/advertisers/${advertiser_id}/postback?${query}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      narrator.tell('bank', `reports ${query}`);
      narrator.tell('', `  and is answered ${answer.status} ${answer.body}`);
      assert.equal(answer.status, 200);
    },
  };
}
