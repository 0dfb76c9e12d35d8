import assert from 'node:assert/strict';
import { describeAdminApi } from '../../src/http/admin/openapi.ts';
import { describePublicApi } from '../../src/http/docs/public-openapi.ts';
import { describePartnerCalls } from '../../src/http/partner/openapi.ts';
import { readStatusFields } from '../../src/domain/status-call.ts';
import { parseStatus } from '../../src/domain/status.ts';
import { readDescription } from '../support/api-description.ts';

const BODILESS = ['204', '302'];

for (const [what, document] of [
  ['the operations listener', describeAdminApi()],
  ['the public listener', describePublicApi('https://cashcat.example', describePartnerCalls())],
] as const) {
  describe(`the description of ${what}`, () => {
    const calls = readDescription(document);

    it('has a schema for every answer, and examples that fit it', () => {
      for (const { method, path, answers } of calls) {
        for (const { status, contents } of answers) {
          const name = `${method} ${path} ${status}`;
          assert.ok(BODILESS.includes(status) || contents.length > 0, `${name} has no schema`);
          for (const { media, findProblem } of contents) {
            const examples = Object.values(media.examples ?? { only: { value: media.example as unknown } });
            for (const example of examples) {
              assert.ok('value' in example && example.value !== undefined, `${name} has no example`);
              assert.equal(findProblem(example.value), undefined, name);
            }
          }
        }
      }
    });

    it('says of every call how it may be refused', () => {
      for (const { method, path, answers } of calls.filter((call) => call.operation.security?.length !== 0)) {
        assert.ok(
          answers.some(({ status }) => status === '405'),
          `${method} ${path}`,
        );
        assert.ok(
          answers.some(({ status }) => status === '503'),
          `${method} ${path}`,
        );
      }
    });
  });
}

describe('the description of a status call', () => {
  const calls = readDescription(describePublicApi('https://cashcat.example', describePartnerCalls()));
  const body = calls.find(({ method, path }) => method === 'post' && path.startsWith('/advertisers/'))?.bodies[0];
  const call = { conversion_id: 'c', status: 'approved' };

  it('allows what is accepted, and what of it is kept', () => {
    for (const value of [
      call,
      { ...call, status: ' Approved' },
      { ...call, reason: '', transaction_id: 't', token: 'x', sum: [1] },
    ]) {
      assert.equal(body?.findProblem(value), undefined, JSON.stringify(value));
      assert.deepEqual(readStatusFields({ method: 'POST', query: {}, body: value }).problems, []);
    }
  });

  it('knows no other words than the domain', () => {
    for (const status of ['paid', 'approve', 'approved!', '']) {
      assert.notEqual(body?.findProblem({ ...call, status }), undefined, status);
      assert.equal(parseStatus(status), undefined);
    }
  });

  it('refuses what is refused', () => {
    for (const change of [
      { reason: 'a\u0000' },
      { reason: 'x'.repeat(501) },
      { transaction_id: {} },
      { status: ['approved'] },
    ]) {
      const value = { ...call, ...change };
      assert.notEqual(body?.findProblem(value), undefined, JSON.stringify(value));
      assert.notDeepEqual(readStatusFields({ method: 'POST', query: {}, body: value }).problems, []);
    }
  });
});
