import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { completeAttempt, insertAttempt, type AttemptEnd } from '../../src/db/attempts.ts';
import {
  countFailingEndpoints,
  listEndpoints,
  placeOf,
  readEndpoints,
  worstOf,
} from '../../src/db/endpoints/endpoints.ts';
import { noteEndpoints } from '../../src/db/endpoints/endpoint-news.ts';
import { updatePartner } from '../../src/db/partners.ts';
import type { Status } from '../../src/domain/status.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { createDeliveryStage, TRACKER, type DeliveryStage } from '../activities/delivery-stage.ts';
import { answer } from '../activities/settling.ts';

const FAILING_AFTER = 3;

describe("a partner's endpoint", () => {
  let stage: DeliveryStage;
  let db: Knex;

  before(async () => {
    stage = await createDeliveryStage();
    db = stage.db;
  });

  beforeEach(() => stage.forget());

  after(() => stage.close());

  const readEach = (partnerId: string) => readEndpoints(db, partnerId, FAILING_AFTER);
  const read = async (partnerId: string) => worstOf(await readEach(partnerId));

  /** A postback whose single attempt is answered with this. */
  async function attempt(
    partnerId: string | undefined,
    status: number,
  ): Promise<{ postbackId: string; partnerId: string }> {
    const postback = await stage.duePostback(partnerId === undefined ? {} : { partnerId });
    stage.partner.script = [async () => answer(status)];
    if (status === 200) await stage.deliver(postback.postbackId);
    else await stage.failureOf(postback.postbackId);
    return postback;
  }

  it('is unknown until it has taken anything', async () => {
    const partnerId = await stage.network.partner(settingsFor(TRACKER));
    const unknown = await read(partnerId);
    assert.deepEqual(unknown, {
      state: 'unknown',
      consecutive_failures: 0,
      failing_since: null,
      last_success_at: null,
      last_failure_at: null,
      recovered_at: null,
      failure_rate: null,
      canary: null,
    });
    await attempt(partnerId, 503);
    assert.equal((await read(partnerId)).state, 'unknown');
    assert.equal((await read(partnerId)).consecutive_failures, 1);
  });

  it('is failing after so many failures in a row, and well with the next success', async () => {
    const { partnerId } = await attempt(undefined, 200);
    const well = await read(partnerId);
    assert.equal(well.state, 'ok');
    assert.equal(well.failure_rate, 0);
    await attempt(partnerId, 500);
    await attempt(partnerId, 404);
    const shaky = await read(partnerId);
    assert.deepEqual([shaky.state, shaky.consecutive_failures], ['ok', 2]);
    await attempt(partnerId, 500);
    const failing = await read(partnerId);
    assert.deepEqual([failing.state, failing.consecutive_failures], ['failing', 3]);
    assert.equal(failing.failing_since, shaky.failing_since);
    assert.equal(failing.last_success_at, well.last_success_at);
    assert.equal(failing.failure_rate, 0.75);
    assert.equal(failing.recovered_at, null);

    await attempt(partnerId, 200);
    const recovered = await read(partnerId);
    assert.deepEqual([recovered.state, recovered.consecutive_failures, recovered.failing_since], ['ok', 0, null]);
    assert.equal(recovered.recovered_at, recovered.last_success_at);
    assert.equal(recovered.last_failure_at, failing.last_failure_at);
    await attempt(partnerId, 200);
    assert.equal((await read(partnerId)).recovered_at, recovered.recovered_at);
  });

  it('counts each of the attempts of one postback, and an end that is recorded twice once', async () => {
    const { postbackId, partnerId } = await attempt(undefined, 503);
    stage.partner.script = [async () => answer(503)];
    await stage.failureOf(postbackId);
    const before = await read(partnerId);
    assert.equal(before.consecutive_failures, 2);
    await completeAttempt(db, endOf(postbackId, 1, 'refused'));
    assert.deepEqual(await read(partnerId), before);
  });

  it('is not blamed for a ref_id that would lead elsewhere', async () => {
    const { postbackId, partnerId } = await stage.duePostback();
    await insertAttempt(db, { postbackId, attempt: 1, method: 'GET', url: TRACKER, headers: null, body: null });
    await completeAttempt(db, { ...endOf(postbackId, 1, 'refused'), error: 'dots_in_path', httpStatus: null });
    assert.equal((await read(partnerId)).consecutive_failures, 0);
  });

  it('is its partner’s alone', async () => {
    const { partnerId } = await attempt(undefined, 500);
    const other = await attempt(undefined, 200);
    assert.equal((await read(partnerId)).consecutive_failures, 1);
    assert.equal((await read(other.partnerId)).consecutive_failures, 0);
  });

  it('counts exactly what comes one after another', async () => {
    const { partnerId } = await attempt(undefined, 200);
    for (let failures = 1; failures <= 10; failures++) {
      await attempt(partnerId, 503);
      assert.equal((await read(partnerId)).consecutive_failures, failures);
    }
    await attempt(partnerId, 200);
    assert.equal((await read(partnerId)).consecutive_failures, 0);
  });

  describe('with a URL of its own for a status', () => {
    const ELSEWHERE = 'https://OTHER.example:8443/in?ref={ref_id}';
    const OTHER = 'https://other.example:8443';
    let partnerId: string;

    beforeEach(async () => {
      partnerId = await stage.network.partner(settingsFor(TRACKER, { status_urls: { approved: ELSEWHERE } }));
    });

    async function say(status: Status, httpStatus: number): Promise<void> {
      const { postbackId } = await stage.duePostback({ partnerId, word: status });
      stage.partner.script = [async () => answer(httpStatus)];
      if (httpStatus === 200) await stage.deliver(postbackId);
      else await stage.failureOf(postbackId);
    }

    it('is failing there although the others are taken, and the worst is what is told of it', async () => {
      for (let failures = 1; failures <= FAILING_AFTER; failures++) {
        await say('approved', 404);
        await say('pending', 200);
      }
      const each = await readEach(partnerId);
      assert.deepEqual(
        each.map(({ origin, health }) => [origin, health.state, health.consecutive_failures]),
        [
          [OTHER, 'failing', FAILING_AFTER],
          ['https://tracker.example', 'ok', 0],
        ],
      );
      assert.equal(worstOf(each).state, 'failing');
      assert.equal(worstOf(each).last_success_at, null);
      const listed = (await listEndpoints(db, { limit: 100 }, FAILING_AFTER)).filter(
        ({ partner_id }) => partner_id === partnerId,
      );
      assert.deepEqual(
        listed.map(({ origin, state }) => [origin, state]),
        [
          [OTHER, 'failing'],
          ['https://tracker.example', 'ok'],
        ],
      );
    });

    it('is judged no more by what its settings do not name any more', async () => {
      for (let failures = 1; failures <= FAILING_AFTER; failures++) await say('approved', 404);
      const others = await countFailingEndpoints(db, FAILING_AFTER);
      await updatePartner(db, partnerId, { postback: settingsFor(TRACKER) });
      assert.deepEqual(await readEach(partnerId), []);
      assert.equal(await countFailingEndpoints(db, FAILING_AFTER), others - 1);
      await updatePartner(db, partnerId, { name: 'Renamed' });
      await say('pending', 200);
      await updatePartner(db, partnerId, { postback: settingsFor(TRACKER, { method: 'POST' }) });
      assert.equal((await read(partnerId)).state, 'ok');
    });
  });

  it('makes nobody wait who records an attempt while another one does', async () => {
    const { partnerId } = await attempt(undefined, 200);
    const { postbackId } = await stage.duePostback({ partnerId });
    const trx = await db.transaction();
    await trx('partner_endpoints').where({ partner_id: partnerId }).forUpdate();
    await stage.deliver(postbackId);
    await trx.rollback();
    assert.equal((await stage.readPostback(postbackId))?.state, 'delivered');
  });

  it('is judged by how a batch of attempts ended, in their order', async () => {
    const partnerId = await stage.network.partner(settingsFor(TRACKER));
    const note = async (...ends: boolean[]) => {
      await db.raw(
        `with source as (
           select :partnerId as partner_id, 'https://tracker.example' as origin, is_delivered, now() + place * interval '1 second' as ended_at, place
           from unnest(:ends::boolean[]) with ordinality as g (is_delivered, place)
         ), ${noteEndpoints('source')} select 1`,
        { partnerId, ends },
      );
      const { consecutive_failures, recovered_at, failing_since } = await read(partnerId);
      return [consecutive_failures, recovered_at !== null, failing_since !== null];
    };
    assert.deepEqual(await note(true, false, false), [2, false, true]);
    assert.deepEqual(await note(false, false), [4, false, true]);
    assert.deepEqual(await note(false, true, false), [1, true, true]);
    assert.deepEqual(await note(true), [0, true, false]);
    assert.equal((await read(partnerId)).failure_rate, 0.667);
  });

  it('forgets failures of hours ago in its rate', async () => {
    const { partnerId } = await attempt(undefined, 500);
    await db('partner_endpoints')
      .where({ partner_id: partnerId })
      .update({ recent_at: db.raw(`now() - interval '12 hours'`) });
    assert.equal((await read(partnerId)).failure_rate, null);
    await attempt(partnerId, 200);
    assert.equal((await read(partnerId)).failure_rate, 0);
  });

  it('is found among those that are failing', async () => {
    const { partnerId } = await attempt(undefined, 500);
    const others = await countFailingEndpoints(db, FAILING_AFTER);
    await attempt(partnerId, 500);
    await attempt(partnerId, 500);
    assert.equal(await countFailingEndpoints(db, FAILING_AFTER), others + 1);
    const failing = await listEndpoints(db, { limit: 100, state: 'failing' }, FAILING_AFTER);
    assert.ok(failing.every(({ state }) => state === 'failing'));
    assert.equal(failing.find((each) => each.partner_id === partnerId)?.name, 'Partner');
    const all = await listEndpoints(db, { limit: 100 }, FAILING_AFTER);
    const ids = all.map((each) => each.partner_id);
    assert.deepEqual(ids, ids.toSorted());
    assert.ok(all.length > failing.length);
    const after = all.slice(1, 2).map(placeOf)[0];
    const rest = await listEndpoints(db, { limit: 100, after }, FAILING_AFTER);
    assert.deepEqual(
      rest.map((each) => each.partner_id),
      ids.slice(2),
    );
  });
});

function endOf(postbackId: string, attempt: number, outcome: 'delivered' | 'refused'): AttemptEnd {
  return {
    postbackId,
    attempt,
    outcome,
    durationMs: 1,
    httpStatus: 503,
    error: null,
    location: null,
    responseBody: null,
    state: 'retrying',
    retryInMs: 60_000,
  };
}
