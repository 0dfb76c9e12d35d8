import assert from 'node:assert/strict';
import request from 'supertest';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY, buildOpsApp, type BuiltOpsApp } from '../build-ops-app.ts';

type Problem = { kind: string; problems: { field: string; message: string }[] };

const bodyOf = <T>(response: request.Response) => response.body as T;

const vocabulary = {
  words: { lead: 'pending', sale: 'approved', trash: 'rejected', test: 'ignore' },
  default_status: 'approved',
  parameters: { conversion_id: 'click_id', status: 'state', token: 'key' },
};

describe("an advertiser's vocabulary, told by ops", () => {
  let network: Network;
  let app: BuiltOpsApp['app'];

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ app } = buildOpsApp(network));
  });

  after(() => network.close());

  const path = () => `/v1/admin/advertisers/${network.advertiserId}`;
  const patch = (body: object) => request(app).patch(path()).set('authorization', `Bearer ${ADMIN_KEY}`).send(body);
  const read = async () => {
    const answer = await request(app).get(path()).set('authorization', `Bearer ${ADMIN_KEY}`).expect(200);
    return bodyOf<{ vocabulary: unknown }>(answer).vocabulary;
  };

  it('is none at first, is kept as its words are compared, and shown', async () => {
    assert.equal(await read(), null);
    const words = { ' Lead ': 'pending', SALE: 'approved', trash: 'rejected', test: 'ignore' };
    const answer = await patch({ vocabulary: { ...vocabulary, words } }).expect(200);
    assert.deepEqual(bodyOf<{ vocabulary: unknown }>(answer).vocabulary, vocabulary);
    assert.deepEqual(await read(), vocabulary);
  });

  it('stays when something else is changed, is replaced as a whole, and removed by null', async () => {
    await patch({ vocabulary }).expect(200);
    await patch({ name: 'Another bank' }).expect(200);
    assert.deepEqual(await read(), vocabulary);
    await patch({ vocabulary: { words: { paid: 'approved' } } }).expect(200);
    assert.deepEqual(await read(), { words: { paid: 'approved' }, default_status: null, parameters: {} });
    await patch({ vocabulary: null }).expect(200);
    assert.equal(await read(), null);
  });

  for (const [what, given, field] of [
    ['a word twice in different case', { words: { sale: 'approved', SALE: 'rejected' } }, 'vocabulary.words.SALE'],
    ['a status that there is not', { words: { sale: 'paid' } }, 'vocabulary.words.sale'],
    ['a parameter that there is not', { parameters: { click: 'click_id' } }, 'vocabulary.parameters.click'],
    [
      'two fields from one parameter',
      { parameters: { conversion_id: 'id', transaction_id: 'id' } },
      'vocabulary.parameters.transaction_id',
    ],
    ['a default that is no status', { default_status: 'ignore' }, 'vocabulary.default_status'],
    ['something else than an object', 'sale=approved', 'vocabulary'],
    ['a field that there is not', { default: 'approved' }, 'vocabulary.default'],
    ['NUL in a word', { words: { 'a\0': 'approved' } }, 'vocabulary.words.a\0'],
    ['a lone surrogate', { words: { '\ud800': 'approved' } }, 'vocabulary.words.\ud800'],
    ['a list of words', { words: ['sale'] }, 'vocabulary.words'],
  ] as const) {
    it(`is refused with ${what}, and the one that is there stays`, async () => {
      await patch({ vocabulary }).expect(200);
      const { kind, problems } = bodyOf<Problem>(await patch({ vocabulary: given }).expect(400));
      assert.equal(kind, 'invalid');
      assert.deepEqual(
        problems.map((problem) => problem.field.toWellFormed()),
        [field.toWellFormed()],
      );
      assert.deepEqual(await read(), vocabulary);
    });
  }
});
