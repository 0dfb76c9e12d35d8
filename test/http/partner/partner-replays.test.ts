import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createTestDatabase } from '../../support/database.ts';
import { aPostback } from '../../support/ended-postbacks.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { settingsFor } from '../../support/postback-settings.ts';
import { actAs, buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';

type Replay = { replay_id: string; state: string; asked: string; total: number; ended_at: string | null };

const HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString();
const IN_AN_HOUR = new Date(Date.now() + 3_600_000).toISOString();
const range = { from: HOUR_AGO, to: IN_AN_HOUR };

describe("a partner's replays by its own API", () => {
  let network: Network;
  let db: Knex;
  let api: PartnerApi;

  const begin = async (body: object = range) => (await api.call('post', '/replays', body).expect(202)).body as Replay;
  const read = async (id: string) => (await api.call('get', `/replays/${id}`).expect(200)).body as Replay;
  const own = (given: Partial<Parameters<typeof aPostback>[1]> = {}) =>
    aPostback(db, { partnerId: api.partnerId, ...given });

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    api = await buildPartnerApi(db);
  });
  beforeEach(async () => {
    api = await actAs(api, db, await network.partner(settingsFor('https://t.example/?c={ref_id}&s={status}')));
  });
  after(() => network.close());

  it('are begun over a span of time, looked at, and listed with the newest first', async () => {
    await own({ attempts: [500, 500, 500] });
    await own({ state: 'delivered', attempts: [200] });
    const first = await begin();
    assert.deepEqual([first.state, first.total], ['running', 1]);
    assert.deepEqual(await read(first.replay_id), first);
    const second = await begin({ ...range, states: ['delivered'], rate_per_second: 0.5 });
    assert.equal(second.total, 1);
    // An id begins with its millisecond, and both may be made in the same.
    const [older, newer] = first.replay_id < second.replay_id ? [first, second] : [second, first];
    const page = (await api.call('get', '/replays?limit=1').expect(200)).body as {
      items: Replay[];
      next_cursor: string;
    };
    assert.deepEqual(page.items, [newer]);
    const rest = (await api.call('get', `/replays?cursor=${page.next_cursor}`).expect(200)).body as typeof page;
    assert.deepEqual(rest.items, [older]);
    const { text } = await api.call('get', '/replays').set('accept', 'text/csv').expect(200);
    assert.deepEqual(
      text.split('\r\n').map((line) => line.split(',')[0]),
      ['"replay_id"', `"${newer.replay_id}"`, `"${older.replay_id}"`, ''],
    );
  });

  it('say beforehand what they would send', async () => {
    const older = await own({ status: 'pending', attempts: [500] });
    await own({ conversionId: older.conversionId, seq: 5, state: 'delivered', attempts: [200] });
    await own({ attempts: [500] });
    const preview = (await api.call('post', '/replays/preview', range).expect(200)).body as object;
    assert.deepEqual(preview, { to_send: 1, overtaken: 1, status_off: 0, not_configured: 0, is_complete: true });
  });

  it('are paused, resumed and cancelled', async () => {
    await own({ attempts: [500] });
    const { replay_id } = await begin();
    const ask = async (what: string) => (await api.call('post', `/replays/${replay_id}/${what}`)).body as Replay;
    assert.equal((await ask('pause')).asked, 'pause');
    assert.equal((await ask('resume')).asked, 'run');
    assert.equal((await ask('cancel')).asked, 'cancel');
    const refused = await api.call('post', `/replays/${replay_id}/resume`).expect(409);
    assert.match((refused.body as { detail: string }).detail, /being cancelled/);
  });

  it('are refused when a value is wrong, and in conflict without a postback URL', async () => {
    for (const body of [
      {},
      { from: range.to, to: range.from },
      { ...range, states: [] },
      { ...range, states: ['superseded'] },
      { ...range, rate_per_second: 0 },
      { ...range, rate_per_second: 0.05 },
      { ...range, partner_id: 'other' },
    ]) {
      await api.call('post', '/replays', body).expect(400);
    }
    await api.call('delete', '/postback').expect(204);
    await api.call('post', '/replays', range).expect(409);
  });

  it('of another partner are as unknown as what nobody has', async () => {
    await own({ attempts: [500] });
    const { replay_id } = await begin();
    const other = await actAs(api, db, await network.partner());
    for (const id of [replay_id, 'nobodys']) {
      await other.call('get', `/replays/${id}`).expect(404);
      for (const what of ['pause', 'resume', 'cancel']) await other.call('post', `/replays/${id}/${what}`).expect(404);
    }
    assert.equal((await read(replay_id)).asked, 'run');
  });

  describe('of a single postback', () => {
    const redeliver = (id: string, by = api) => by.call('post', `/postbacks/${id}/redeliver`);

    it('send it again', async () => {
      const { postbackId } = await own({ attempts: [500] });
      const answer = (await redeliver(postbackId).expect(202)).body as { postback_id: string; replay_id: string };
      assert.equal(answer.postback_id, postbackId);
      assert.equal((await read(answer.replay_id)).total, 1);
    });

    it('are refused with the reason when a newer status has overtaken it', async () => {
      const older = await own({ status: 'pending', attempts: [500] });
      await own({ conversionId: older.conversionId, seq: 5, state: 'delivered', attempts: [200] });
      const refused = await redeliver(older.postbackId).expect(409);
      assert.match((refused.body as { detail: string }).detail, /newer status of its conversion has overtaken it/);
    });

    it("are unknown when it is another partner's", async () => {
      const { postbackId } = await own({ attempts: [500] });
      await redeliver(postbackId, await actAs(api, db, await network.partner())).expect(404);
      await redeliver('nobodys').expect(404);
    });
  });
});
