import assert from 'node:assert/strict';
import {
  buildPostbackRequest,
  checkPostbackSettings,
  type Postback,
  type PostbackSettings,
} from '../../../src/domain/postbacks/postback-settings.ts';
import { settingsFor } from '../../support/postback-settings.ts';

function settingsWith(changes: Partial<PostbackSettings> = {}): PostbackSettings {
  return settingsFor('https://partner.example/pb?click={ref_id}&status={status}&sum={payout}', changes);
}

function postbackWith(changes: Partial<Postback> = {}): Postback {
  return {
    status: 'approved',
    refId: 'r&1',
    conversionId: 'conversion1',
    postbackId: 'postback12345678',
    payoutMinor: 1250n,
    currency: 'USD',
    offerId: 'offer1',
    partnerId: 'abcdefghigk',
    eventTime: '2026-01-02T03:04:05.678Z',
    reason: null,
    ...changes,
  };
}

describe('postback settings', () => {
  function fieldsOf(changes: Partial<PostbackSettings>): string[] {
    return checkPostbackSettings(settingsWith(changes)).map(({ field }) => field);
  }

  it('may be plain', () => assert.deepEqual(checkPostbackSettings(settingsWith()), []));

  it('may use everything there is', () => {
    const changes: Partial<PostbackSettings> = {
      method: 'POST',
      body: 'json',
      statuses: ['approved'],
      status_words: { approved: 'Продажа', rejected: 'x'.repeat(64) },
      status_urls: { rejected: 'https://partner.example/reversal?id={ref_id}' },
      handover: true,
    };
    assert.deepEqual(fieldsOf(changes), []);
  });

  it('must name a status: with none, nothing would ever be sent', () => {
    assert.deepEqual(checkPostbackSettings(settingsWith({ statuses: [] })), [
      { field: 'statuses', message: 'name at least one status; to get no postbacks at all, remove the settings' },
    ]);
  });

  it('must say by each URL of a GET which visit it is about; the body of a POST says it anyway', () => {
    const silent = { url: 'https://partner.example/pb', status_urls: { approved: 'https://partner.example/ok' } };
    assert.deepEqual(fieldsOf(silent), ['url', 'status_urls.approved']);
    assert.match(checkPostbackSettings(settingsWith(silent))[0]?.message ?? '', /no macro.*\{ref_id\}/);
    assert.deepEqual(fieldsOf({ ...silent, method: 'POST' }), []);
  });

  it('are refused with the field that is wrong', () => {
    assert.deepEqual(fieldsOf({ url: 'https://partner.example/?a={refid}' }), ['url']);
    assert.deepEqual(fieldsOf({ status_urls: { rejected: 'ftp://partner.example/' } }), ['status_urls.rejected']);
    assert.deepEqual(fieldsOf({ status_words: { approved: '' } }), ['status_words.approved']);
    assert.deepEqual(fieldsOf({ status_words: { approved: 'x'.repeat(65) } }), ['status_words.approved']);
    assert.deepEqual(fieldsOf({ status_words: { pending: 'a\nb' } }), ['status_words.pending']);
    assert.deepEqual(fieldsOf({ status_words: { pending: 'a\u0000' } }), ['status_words.pending']);
    assert.deepEqual(fieldsOf({ status_words: { pending: 'a\ud800' } }), ['status_words.pending']);
    assert.deepEqual(fieldsOf({ statuses: ['approved', 'approved'] }), ['statuses']);
    assert.deepEqual(fieldsOf({ statuses: ['sold' as 'approved'] }), ['statuses']);
    assert.deepEqual(fieldsOf({ status_words: { sold: 'x' } as object }), ['status_words']);
    assert.deepEqual(fieldsOf({ body: 'form' }), ['body']);
  });

  it('are refused with a message a partner can act on', () => {
    assert.deepEqual(checkPostbackSettings(settingsWith({ url: 'https://partner.example/?a={refid}' })), [
      { field: 'url', message: '{refid} is not known; did you mean {ref_id}?' },
    ]);
  });
});

describe('a postback request', () => {
  const allFields = {
    status: 'approved',
    ref_id: 'r&1',
    conversion_id: 'conversion1',
    postback_id: 'postback12345678',
    payout: '12.50',
    currency: 'USD',
    offer_id: 'offer1',
    partner_id: 'abcdefghigk',
    event_time: '2026-01-02T03:04:05.678Z',
    event_unix: '1767323045',
  };

  it('by GET carries its values in the URL', () => {
    assert.deepEqual(buildPostbackRequest(settingsWith(), postbackWith()), {
      method: 'GET',
      url: 'https://partner.example/pb?click=r%261&status=approved&sum=12.50',
      headers: { 'user-agent': 'Cashcat-Postbacks/1', accept: '*/*' },
      body: null,
    });
  });

  it("speaks the partner's own words", () => {
    const settings = settingsWith({ status_words: { approved: 'sale & more' } });
    assert.match(buildPostbackRequest(settings, postbackWith()).url, /status=sale%20%26%20more&/);
    assert.match(buildPostbackRequest(settings, postbackWith({ status: 'pending' })).url, /status=pending&/);
  });

  it("goes to a status's own URL", () => {
    const settings = settingsWith({ status_urls: { rejected: 'https://partner.example/reversal?id={ref_id}' } });
    assert.equal(
      buildPostbackRequest(settings, postbackWith({ status: 'rejected' })).url,
      'https://partner.example/reversal?id=r%261',
    );
    assert.match(buildPostbackRequest(settings, postbackWith()).url, /\/pb\?/);
  });

  it('by POST carries all values as a form, and fills its URL too', () => {
    for (const body of ['form', null] as const) {
      const request = buildPostbackRequest(settingsWith({ method: 'POST', body }), postbackWith());
      assert.equal(request.method, 'POST');
      assert.equal(request.url, 'https://partner.example/pb?click=r%261&status=approved&sum=12.50');
      assert.equal(request.headers['content-type'], 'application/x-www-form-urlencoded');
      assert.deepEqual(Object.fromEntries(new URLSearchParams(request.body ?? '')), allFields);
    }
  });

  it('by POST carries all values as JSON strings', () => {
    const settings = settingsWith({ method: 'POST', body: 'json', status_words: { approved: '"sold"' } });
    const request = buildPostbackRequest(settings, postbackWith());
    assert.equal(request.headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(request.body ?? ''), { ...allFields, status: '"sold"' });
  });

  it('carries a reason when there is one', () => {
    const json = settingsWith({ method: 'POST', body: 'json', url: 'https://partner.example/?r={reason}' });
    const request = buildPostbackRequest(json, postbackWith({ reason: 'reattributed' }));
    assert.equal(request.url, 'https://partner.example/?r=reattributed');
    assert.deepEqual(JSON.parse(request.body ?? ''), { ...allFields, reason: 'reattributed' });
  });

  it('survives hostile values, well-formed and on one line', () => {
    const hostile = postbackWith({ refId: 'a\r\nb&c=d"\ud800', reason: '\u0000😀'.repeat(5000) });
    for (const body of ['form', 'json'] as const) {
      const settings = settingsWith({ method: 'POST', body, url: 'https://partner.example/{ref_id}?r={reason}' });
      const request = buildPostbackRequest(settings, hostile);
      assert.doesNotMatch(request.url + (request.body ?? ''), /[\r\n]/);
      assert.ok(request.body?.isWellFormed());
      const fields =
        body === 'json' ? (JSON.parse(request.body ?? '') as Record<string, string>) : formOf(request.body);
      assert.equal(fields['ref_id'], 'a\r\nb&c=d"\uFFFD');
      assert.equal(fields['reason'], '\u0000😀'.repeat(100));
    }
  });

  it('writes money by its currency', () => {
    const { url } = buildPostbackRequest(settingsWith(), postbackWith({ payoutMinor: '1250', currency: 'JPY' }));
    assert.match(url, /sum=1250$/);
  });
});

function formOf(body: string | null): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body ?? ''));
}
