import type { Express } from 'express';
import type { Knex } from 'knex';
import request from 'supertest';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import { createOffer } from '../../../src/db/offers.ts';
import type { Status } from '../../../src/domain/status.ts';
import { newConversionId, newLeadId } from '../../../src/new-ids.ts';
import { createTestDatabase } from '../../support/database.ts';
import { freshCatalogue } from '../../support/fresh-catalogue.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY, buildOpsApp } from '../build-ops-app.ts';
import { buildPublicApp } from '../build-public-app.ts';

type Word = { word: string; count: number; first_seen: string; last_seen: string; meaning: string; suggestion: string };
export type Call = {
  call_id: number;
  result: string;
  word: string;
  explanation: string;
  repair: string;
  verdict: string;
};
type Story = {
  status: Status | null;
  statuses: { status: Status; call: { word: string; status: string; raw: unknown; source: string } }[];
  other_calls: { result: string; word: string }[];
  timeline: { what: string }[];
};
/** An advertiser of its own, who calls by HTTP in its own words. */
export type Speaker = { id: string; token: string; convert: () => Promise<{ leadId: string; conversionId: string }> };

export const bodyOf = <T>(response: request.Response) => response.body as T;

/** Gives a suite both listeners over one network, and advertisers who call by HTTP in their own words. */
export function useSpeakers() {
  const stage = {} as { network: Network; db: Knex; ops: Express; publicApp: Express };

  before(async () => {
    stage.network = await createNetwork(await createTestDatabase());
    const { network } = stage;
    stage.db = network.db;
    stage.ops = buildOpsApp(network).app;
    const catalogue = await freshCatalogue(network.db);
    stage.publicApp = (await buildPublicApp({ statuses: network.statuses, catalogue })).app;
  });
  after(() => stage.network.close());

  async function aSpeaker(): Promise<Speaker> {
    const { advertiser, token } = await createAdvertiser(stage.db, { name: 'Speaker' });
    const id = advertiser.advertiser_id;
    const { offer_id: offerId } = await createOffer(stage.db, {
      ...{ advertiser_id: id, name: 'Card', url: 'https://bank.example/?click={conversion_id}' },
      reward: { amount: 100, currency: 'EUR' },
    });
    return {
      id,
      token,
      async convert() {
        const [leadId, conversionId] = [newLeadId(), newConversionId()];
        await stage.network.touch(leadId, await stage.network.partner(), 'click-1');
        const conversion = { conversionId, offerId, advertiserId: id };
        await stage.network.clicks.record({ leadId, touch: null, conversion });
        return { leadId, conversionId };
      },
    };
  }

  const say = ({ id, token }: Speaker, query: object) =>
    request(stage.publicApp)
      .get(`/advertisers/${id}/postback`)
      .query({ token, ...query });
  const ask = (method: 'get' | 'post' | 'patch', path: string) =>
    request(stage.ops)[method](`/v1/admin${path}`).set('authorization', `Bearer ${ADMIN_KEY}`);
  const map = async ({ id }: Speaker, word: string, status: string) => {
    const { body } = (await ask('post', '/unknown-words').send({ advertiser_id: id, word, status }).expect(200)) as {
      body: { applied: number; not_applied: number; results: object; waiting: number };
    };
    return body;
  };
  const inbox = async ({ id }: Speaker) => {
    const { body } = (await ask('get', `/unknown-words?advertiser_id=${id}`).expect(200)) as {
      body: { items: Word[] };
    };
    return body.items;
  };
  const log = async (query: string) => {
    const { body } = (await ask('get', `/status-calls?${query}`).expect(200)) as { body: { items: Call[] } };
    return body.items;
  };
  const storyOf = async (conversionId: string) =>
    ((await ask('get', `/conversions/${conversionId}`).expect(200)) as { body: Story }).body;
  const statusesOf = async (conversionId: string) => (await storyOf(conversionId)).statuses.map(({ status }) => status);
  const closeWindow = (leadId: string, agoMs: number) =>
    stage
      .db('leads')
      .where({ lead_id: leadId })
      .update({ last_activity_at: new Date(Date.now() - agoMs) });

  return Object.assign(stage, { aSpeaker, say, ask, map, inbox, log, storyOf, statusesOf, closeWindow });
}
