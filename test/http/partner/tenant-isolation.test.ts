import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import request from 'supertest';
import { recordPayout } from '../../../src/db/ledger/payouts.ts';
import { createReplay } from '../../../src/db/replays/replays.ts';
import { rotateSigningSecret } from '../../../src/db/keys/signing-secrets.ts';
import { describePublicApi } from '../../../src/http/docs/public-openapi.ts';
import { describePartnerCalls } from '../../../src/http/partner/openapi.ts';
import { readDescription, type DescribedCall } from '../../support/api-description.ts';
import { createTestDatabase } from '../../support/database.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, postbacksOf, type Network } from '../../support/network-in-database.ts';
import { readPastMoment } from '../../support/past-moment.ts';
import { settingsFor } from '../../support/postback-settings.ts';
import { actAs, buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';

// Every call, so that none is forgotten: a new one has to be told here what it may be sent.
const CALLS = readDescription(describePublicApi('https://cashcat.example', describePartnerCalls())).filter(({ path }) =>
  path.startsWith('/v1/partner'),
);
const RANGE = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date().toISOString() };
const SETTINGS = settingsFor('https://mine.example/?c={ref_id}&s={status}');
const BODIES: Record<string, object> = {
  '/v1/partner/postback': SETTINGS,
  '/v1/partner/postback/preview': { status: 'approved' },
  // An address that is refused before anything is sent.
  '/v1/partner/postback/test': { status: 'approved', postback: { ...SETTINGS, url: 'http://127.0.0.1/?c={ref_id}' } },
  '/v1/partner/presets/{preset_id}/fill': { domain: 'd.example', key: 'k' },
  '/v1/partner/replays': RANGE,
  '/v1/partner/replays/preview': RANGE,
  '/v1/partner/signing-secret': {},
  '/v1/partner/key': {},
};
const FILTERS: Record<string, string[]> = {
  '/v1/partner/postbacks': ['conversion_id', 'ref_id'],
  '/v1/partner/conversions': ['ref_id'],
  '/v1/partner/ledger': ['conversion_id'],
};
const PUBLIC_PARAMETERS = ['preset_id'];

type Ids = { postback_id: string; conversion_id: string; replay_id: string; payout_id: string; ref_id: string };

describe("the walls between partners in the partner's API", () => {
  let network: Network;
  let db: Knex;
  let mine: PartnerApi;
  let theirs: PartnerApi;
  let theirIds: Ids;
  /** What tells of the other partner. */
  let telling: string[];

  const settleNext = async (leadId: string, conversionId: string, word: string, reason: string | null = null) => {
    await network.report(conversionId, word, reason);
    await settleLatest(db, leadId);
  };

  const payOut = async (partnerId: string) => {
    const payout = { partnerId, currency: 'USD', upto: await readPastMoment(db), reference: 'their transfer' };
    const recorded = await db.transaction((trx) => recordPayout(trx, { ...payout, comment: 'their comment' }));
    return recorded.payout.payout_id;
  };

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
  });
  after(() => network.close());

  beforeEach(async () => {
    const api = await buildPartnerApi(db);
    mine = await actAs(api, db, await network.partner(SETTINGS));
    theirs = await actAs(api, db, await network.partner(settingsFor('https://theirs.example/?c={ref_id}&s={status}')));
    await db('partners').where({ partner_id: theirs.partnerId }).update({ name: 'Their Media' });
    const secret = (await rotateSigningSecret(db, theirs.partnerId)) ?? '';

    const { leadId, conversionId } = await network.aLead(theirs.partnerId, 'their-click');
    await settleNext(leadId, conversionId, 'approved', 'their reason');
    await db('postbacks').where({ conversion_id: conversionId }).update({ state: 'failed', ended_at: db.fn.now() });
    const [postback] = await postbacksOf(db, conversionId);
    const to = new Date(Date.now() + 60_000).toISOString();
    const replay = await createReplay(db, { partnerId: theirs.partnerId, from: RANGE.from, to });
    theirIds = {
      postback_id: postback?.postback_id ?? '',
      conversion_id: conversionId,
      replay_id: replay.replay_id,
      payout_id: await payOut(theirs.partnerId),
      ref_id: 'their-click',
    };
    telling = [
      ...Object.values(theirIds),
      theirs.partnerId,
      'Their Media',
      'theirs.example',
      'their reason',
      'their transfer',
      secret,
    ];
  });

  for (const [what, key] of [
    ['without a key', undefined],
    ['with a wrong key', 'ck_wrong'],
  ] as const) {
    it(`let nobody in ${what}`, async () => {
      for (const { method, path } of CALLS) {
        const made = send(method, fill(path, theirIds));
        const { status } = await (key === undefined ? made : made.set('authorization', `Bearer ${key}`));
        // From the 31st in a minute on nobody is even heard.
        assert.ok([401, 429].includes(status), `${method} ${path}: ${status}`);
      }
    });
  }

  it("answer another partner's ids exactly as ids that nobody has, and change nothing of it", async () => {
    const before = await readAll(theirs.partnerId);
    const withIds = CALLS.filter(({ path }) => namesOf(path).some((name) => !PUBLIC_PARAMETERS.includes(name)));
    assert.ok(withIds.length >= 7);
    for (const call of withIds) {
      const [others, nobodys] = await Promise.all([answer(call, theirIds), answer(call, nobodysIds())]);
      assert.equal(others.status, 404, `${call.method} ${call.path}`);
      assert.equal(nobodys.status, 404);
      assert.equal(anonymous(others.text, theirIds), anonymous(nobodys.text, nobodysIds()));
    }
    assert.deepEqual(await readAll(theirs.partnerId), before);
  });

  it('answer all other calls without a trace of another partner, and change nothing of it', async () => {
    const before = await readAll(theirs.partnerId);
    const others = CALLS.filter(({ path }) => namesOf(path).every((name) => PUBLIC_PARAMETERS.includes(name)));
    for (const call of others) {
      for (const query of [
        '',
        ...(FILTERS[call.path] ?? []).map((name) => `?${name}=${theirIds[name as keyof Ids]}`),
      ]) {
        for (const accept of typesOf(call)) assertSilent(await answer(call, theirIds, { query, accept }), call);
      }
    }
    assert.deepEqual(await readAll(theirs.partnerId), before);
  });

  it('name the other partner of a shared lead nowhere, in no field and no file', async () => {
    for (const handover of [false, true]) {
      await mine.call('put', '/postback', { ...SETTINGS, handover }).expect(200);
      const { leadId, conversionId } = await network.aLead(mine.partnerId, 'my-click');
      await settleNext(leadId, conversionId, 'pending', 'my reason');
      const [pending] = await postbacksOf(db, conversionId);
      const sent = { postback_id: pending?.postback_id, attempt: 1, method: 'GET', url: 'https://mine.example/' };
      await db('postback_attempts').insert({ ...sent, outcome: 'delivered', http_status: 200 });
      await network.touch(leadId, theirs.partnerId, 'their-click');
      await settleNext(leadId, conversionId, 'approved', 'their reason');
      const postbacks = await postbacksOf(db, conversionId);
      const ofThem = postbacks.filter(({ partner_id }) => partner_id === theirs.partnerId);
      assert.equal(ofThem.length, 1);
      // A time that nothing of the asking partner's shares by chance.
      const at = new Date(Date.now() - 3_600_000).toISOString();
      await db('lead_events').where({ lead_id: leadId, partner_id: theirs.partnerId }).update({ at });
      telling.push(leadId, ofThem[0]?.postback_id ?? '', at);
      const own: Ids = { ...nobodysIds(), conversion_id: conversionId, postback_id: pending?.postback_id ?? '' };
      telling = telling.filter((text) => text !== conversionId);
      for (const call of CALLS.filter(({ method }) => method === 'get')) {
        for (const accept of typesOf(call)) assertSilent(await answer(call, own, { accept }), call);
      }
    }
  });

  function typesOf({ answers }: DescribedCall): string[] {
    const types = answers.flatMap(({ status, contents }) =>
      status.startsWith('2') ? contents.map(({ contentType }) => contentType) : [],
    );
    return types.length === 0 ? ['application/json'] : types;
  }

  async function answer(call: DescribedCall, ids: Ids, { query = '', accept = 'application/json' } = {}) {
    const body = call.bodies.length === 0 ? undefined : BODIES[call.path];
    assert.ok(call.bodies.length === 0 || body, `say in BODIES what ${call.path} may be sent`);
    const made = send(call.method, fill(call.path, ids) + query)
      .set('authorization', `Bearer ${mine.key}`)
      .set('accept', accept);
    const got = await (body ? made.send(body) : made);
    const { api_key: key } = got.body as { api_key?: string };
    if (key !== undefined) mine = mine.asPartner({ partnerId: mine.partnerId, key });
    return got;
  }

  function assertSilent({ status, text, headers }: request.Response, { method, path }: DescribedCall): void {
    assert.ok(status < 500, `${method} ${path} answered ${status}: ${text}`);
    const all = text + JSON.stringify(headers) + cursorsIn(text);
    for (const word of telling) assert.ok(!all.includes(word), `${method} ${path} says ${word}: ${all}`);
  }

  function send(method: string, path: string) {
    return request(mine.app)[method as 'get'](path);
  }

  /** Everything that belongs to a partner. */
  async function readAll(partner_id: string) {
    const tables = ['partners', 'replays', 'postbacks', 'ledger_lines', 'payouts', 'partner_signing_secrets'];
    return await Promise.all(tables.map((table) => db(table).where({ partner_id }).select<object[]>('*')));
  }
});

function nobodysIds(): Ids {
  return {
    postback_id: 'nobodys',
    conversion_id: 'nobodys',
    replay_id: 'nobodys',
    payout_id: 'nobodys',
    ref_id: 'nobodys',
  };
}

function namesOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
}

function fill(path: string, ids: Ids): string {
  return path.replace(/\{(\w+)\}/g, (_braced, name: string) => {
    if (PUBLIC_PARAMETERS.includes(name)) return 'keitaro';
    assert.ok(name in ids, `say whose ${name} is`);
    return ids[name as keyof Ids];
  });
}

function anonymous(text: string, ids: Ids): string {
  return Object.values(ids).reduce((rest, id) => rest.replaceAll(id, ''), text);
}

/** What stands in the cursors of an answer. */
function cursorsIn(text: string): string {
  const [, cursor = ''] = /"next_cursor":"([\w-]+)"/.exec(text) ?? [];
  return Buffer.from(cursor, 'base64url').toString('latin1');
}
