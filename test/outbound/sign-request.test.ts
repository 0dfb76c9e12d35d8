import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import {
  buildPostbackRequest,
  type Postback,
  type PostbackSettings,
} from '../../src/domain/postbacks/postback-settings.ts';
import { newSigningSecret } from '../../src/new-ids.ts';
import { buildSignedRequest } from '../../src/outbound/sign-request.ts';
import { settingsFor } from '../support/postback-settings.ts';

const [newest, older] = [newSigningSecret(), newSigningSecret()];

const postback: Postback = {
  status: 'approved',
  refId: 'r&1',
  conversionId: 'conversion1',
  postbackId: 'postback12345678',
  payoutMinor: 1250,
  currency: 'USD',
  offerId: 'offer1',
  partnerId: 'abcdefghigk',
  eventTime: '2026-01-02T03:04:05.678Z',
  reason: null,
};

function build(changes: Partial<PostbackSettings>, secrets: string[], at = new Date()) {
  const settings = settingsFor('https://partner.example/in?cid={ref_id}&at={event_unix}&sig={sig}', changes);
  return { request: buildSignedRequest(settings, postback, { secrets, at }), settings };
}

describe('a signed request', () => {
  it('is the plain one when the partner has no secret, with an empty {sig}', () => {
    for (const method of ['GET', 'POST'] as const) {
      const { request, settings } = build({ method }, []);
      assert.deepEqual(request, buildPostbackRequest(settings, postback));
      assert.match(request.url, /&sig=$/);
    }
  });

  it('by GET carries {sig} over the URL that is sent, with nothing in its place', () => {
    const { request } = build({}, [newest, older]);
    const unsigned = 'https://partner.example/in?cid=r%261&at=1767323045&sig=';
    const key = Buffer.from(newest.slice('whsec_'.length), 'base64');
    assert.equal(request.url, unsigned + createHmac('sha256', key).update(unsigned).digest('hex'));
    assert.deepEqual(Object.keys(request.headers), ['user-agent', 'accept']);
  });

  it('by GET is the same in every attempt, and nothing without the macro', () => {
    const later = new Date(Date.now() + 300_000);
    assert.deepEqual(build({}, [newest]).request, build({}, [newest], later).request);
    const url = 'https://partner.example/in?cid={ref_id}';
    assert.equal(build({ url }, [newest]).request.url, 'https://partner.example/in?cid=r%261');
  });

  for (const body of ['form', 'json'] as const) {
    it(`by POST of ${body} passes the published library, with each of two live secrets`, () => {
      const { request } = build({ method: 'POST', body }, [newest, older]);
      for (const secret of [newest, older]) {
        new Webhook(secret).verify(request.body ?? '', request.headers, { jsonParse: false });
      }
      assert.throws(() => new Webhook(newSigningSecret()).verify(request.body ?? '', request.headers));
      assert.throws(() => new Webhook(newest).verify(`${request.body} `, request.headers));
      assert.doesNotMatch(request.body ?? '', /\bsig\b/);
    });
  }

  it('by POST keeps its id in a later attempt, and says when that was made', () => {
    const at = new Date();
    const later = new Date(at.getTime() + 300_000);
    const [first, second] = [build({ method: 'POST' }, [newest], at), build({ method: 'POST' }, [newest], later)];
    assert.equal(first.request.headers['webhook-id'], postback.postbackId);
    assert.equal(second.request.headers['webhook-id'], postback.postbackId);
    const seconds = (request: { headers: Record<string, string> }) => Number(request.headers['webhook-timestamp']);
    assert.equal(seconds(second.request) - seconds(first.request), 300);
  });
});
