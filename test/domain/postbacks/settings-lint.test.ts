import assert from 'node:assert/strict';
import { checkPostbackSettings, type PostbackSettings } from '../../../src/domain/postbacks/postback-settings.ts';
import { lintSettings } from '../../../src/domain/postbacks/settings-lint.ts';
import { settingsFor } from '../../support/postback-settings.ts';

const GOOD = 'https://tracker.example/in?cid={ref_id}&status={status}&payout={payout}&txid={conversion_id}';

function codesOf(url: string, changes: Partial<PostbackSettings> = {}): string[] {
  return lintSettings(settingsFor(url, changes)).map(({ code, field }) => `${code} ${field}`);
}

function messageOf(url: string, changes: Partial<PostbackSettings> = {}): string {
  return lintSettings(settingsFor(url, changes))[0]?.message ?? '';
}

describe('settings that can be saved', () => {
  it('need no warning when they are good', () => {
    assert.deepEqual(codesOf(GOOD), []);
    assert.deepEqual(codesOf(GOOD, { handover: true }), []);
  });

  it('bring a warning when {ref_id} is missing, unless the body of a POST carries it', () => {
    const url = 'https://tracker.example/in?c={conversion_id}&s={status}';
    assert.deepEqual(codesOf(url), ['missing_ref_id url']);
    assert.deepEqual(codesOf(url, { method: 'POST' }), []);
    const ownUrl = { status_urls: { rejected: 'https://tracker.example/no?c={conversion_id}' } };
    assert.deepEqual(codesOf(GOOD, ownUrl), ['missing_ref_id status_urls.rejected']);
  });

  it('bring no warning about a URL that is never called', () => {
    const everyOwn = { statuses: ['approved' as const], status_urls: { approved: GOOD } };
    assert.deepEqual(codesOf('http://tracker/?a={status}', everyOwn), []);
  });

  for (const parameter of [
    ...['txid', 'tid', 'transaction_id', 'action_id', 'tx', 'rdtk_event_id', 'order_id', 'TXID'],
    ...['tranid', 'transaction', 'sale_id', 'conv_id', 'conversion_id'],
  ]) {
    it(`bring a warning when ${parameter} is {postback_id}, which changes with every status`, () => {
      const url = `https://tracker.example/in?cid={ref_id}&status={status}&${parameter}={postback_id}`;
      assert.deepEqual(codesOf(url), ['postback_id_as_transaction url']);
      assert.match(messageOf(url), /use \{conversion_id\}/);
    });
  }

  it('may carry {postback_id} anywhere else', () => {
    assert.deepEqual(codesOf(`${GOOD}&event={postback_id}`), []);
  });

  const foreign: [string, string][] = [
    ['&cid=[clickid]', '{ref_id}'],
    ['&cid=#clickid#', '{ref_id}'],
    ['&cid=##PAYOUT##', '{payout}'],
    ['&cid=<sub_id>', '{ref_id}'],
    ['&cid=__CLICKID__', '{ref_id}'],
    ['&x=a-[txid]-b', '{conversion_id}'],
    ['&cid=:clickid', '{ref_id}'],
    ['&back=/done/:txid/', '{conversion_id}'],
    ['&cid=$clickid', '{ref_id}'],
    ['&cid=$(clickid)', '{ref_id}'],
    ['&x=a-$(txid)-b', '{conversion_id}'],
    ['&cid=|clickid|', '{ref_id}'],
    ['&cid=%7Cclickid%7C', '{ref_id}'],
    ['&cid=%5Bclickid%5D', '{ref_id}'],
    ['&cid=%3csub_id%3e', '{ref_id}'],
    ['&cid=%23%23PAYOUT%23%23', '{payout}'],
    ['&cid=%24clickid', '{ref_id}'],
    ['&cid=%3Aclickid', '{ref_id}'],
  ];
  for (const [rest, meant] of foreign) {
    it(`bring a warning with ${rest}, and the macro that may be meant`, () => {
      assert.deepEqual(codesOf(GOOD + rest), ['foreign_macro url']);
      assert.ok(messageOf(GOOD + rest).includes(`write ${meant}`), messageOf(GOOD + rest));
    });
  }

  for (const path of [':clickid', '$clickid', '|clickid|', '%5Bclickid%5D', 'a-$(clickid)']) {
    it(`bring a warning with ${path} in the path, and the macro that may be meant`, () => {
      const url = GOOD.replace('/in?', `/in/${path}/x?`);
      assert.deepEqual(codesOf(url), ['foreign_macro url']);
      assert.ok(messageOf(url).includes('write {ref_id}'), messageOf(url));
    });
  }

  it('are told that only what follows a # is not sent', () => {
    assert.match(messageOf(`${GOOD}&cid=#clickid#`), /would not be sent/);
    assert.match(messageOf(`${GOOD}&cid=%23clickid%23`), /sent as it is/);
  });

  it('bring one warning for each macro of another system', () => {
    assert.deepEqual(codesOf(`${GOOD}&a=[clickid]&b=$payout&c=:status`), Array(3).fill('foreign_macro url'));
  });

  for (const rest of [
    '&cid={{clickid}}',
    '&cid=%7Bclickid%7D',
    '&cid=${clickid}',
    '&cid=%clickid%',
    '&cid=%ad_id%',
    '&cid={clickid}',
  ]) {
    it(`are refused with ${rest}`, () => {
      assert.notDeepEqual(checkPostbackSettings(settingsFor(GOOD + rest)), []);
    });
  }

  it('name the macro that was meant by %clickid%', () => {
    assert.deepEqual(checkPostbackSettings(settingsFor(`${GOOD}&x=%clickid%`)), [
      { field: 'url', message: '%clickid% is how another system writes a macro: write {ref_id}' },
    ]);
  });

  it('may hold brackets that are no macro', () => {
    assert.deepEqual(codesOf(`${GOOD}&sub[1]=x&list=[1,2]&q=a#top`), []);
    assert.deepEqual(codesOf(`${GOOD}&sub%5Bname%5D=x&list=%5B1%2C2%5D`), []);
  });

  it('may hold signs that are no macro', () => {
    assert.deepEqual(codesOf(GOOD.replace('.example/', '.example:8080/')), []);
    for (const rest of [
      ...['price=$5', 'price=$5.00', 'price=US$x', 'at=10:30', 'at=2026-01-02T10:30:00Z', 'x=:8080', 'ratio=a:b'],
      ...['list=a|b|c', 'list=|a|b|', 'list=a%7Cb%7Cc', 'mood=:)', 'mood=:D', 'sign=$', 'path=$.store', '$top=5'],
      ...['hash=$2y$10$abc', 'back=https://shop.example:8080/a', 'urn=urn:isbn:1', 'emoji=:tada:', 'a=b$c', 'f=g(x)'],
      ...['mode=:default', 'mode=%3Adefault', 'unit=$usd', 'expand=$metadata', 'v=$version', 's=$session'],
    ]) {
      assert.deepEqual(codesOf(`${GOOD}&${rest}`), [], rest);
    }
    for (const path of [
      ...['v1/users:send', 'a:b', 'sum($x)', '$metadata.xml', '10:30', 'a|b|c'],
      ...['$metadata', 'odata/$batch', '%24metadata', 'v1/:lookup'],
    ]) {
      assert.deepEqual(codesOf(GOOD.replace('/in?', `/${path}/in?`)), [], path);
    }
  });

  it('bring a warning about http, and about names that only a private network knows', () => {
    assert.deepEqual(codesOf(GOOD.replace('https', 'http')), ['insecure_url url']);
    for (const host of ['tracker', 'tracker.local', 'tracker.internal:8443', 'a.b.lan', 'tracker.home.arpa']) {
      assert.deepEqual(codesOf(GOOD.replace('tracker.example', host)), ['private_host url'], host);
    }
    for (const host of ['93.184.216.34', '[2606:2800:220:1::1]', 'local.example.com']) {
      assert.deepEqual(codesOf(GOOD.replace('tracker.example', host)), [], host);
    }
  });

  it('bring a warning when approved is switched off', () => {
    assert.deepEqual(codesOf(GOOD, { statuses: ['pending', 'rejected'] }), ['status_off statuses']);
  });

  it('bring a warning when handover is on and rejected is off', () => {
    const changes = { statuses: ['pending' as const, 'approved' as const], handover: true };
    assert.deepEqual(codesOf(GOOD, changes), ['handover_without_rejected handover']);
  });

  it('bring a warning when the URL cannot say which status it is', () => {
    const silent = 'https://tracker.example/in?cid={ref_id}&payout={payout}';
    assert.deepEqual(codesOf(silent), ['status_not_told url']);
    assert.deepEqual(codesOf(silent, { statuses: ['approved'] }), []);
    assert.deepEqual(codesOf(silent, { method: 'POST' }), []);
    const own = { statuses: ['approved' as const, 'rejected' as const], status_urls: { rejected: `${silent}&no=1` } };
    assert.deepEqual(codesOf(silent, own), []);
  });

  it('bring a warning when {sig} has no secret, or the secret nothing to sign', () => {
    const signed = `${GOOD}&at={event_unix}&sig={sig}`;
    const codes = (url: string, hasSecret?: boolean, changes = {}) =>
      lintSettings(settingsFor(url, changes), { hasSecret }).map(({ code }) => code);
    assert.deepEqual(codes(signed, true), []);
    assert.deepEqual(codes(signed, false), ['sig_without_secret']);
    assert.deepEqual(codes(signed), []);
    assert.deepEqual(codes(`${GOOD}&sig={sig}`, true), ['sig_without_time']);
    assert.deepEqual(codes(GOOD, true), ['nothing_signed']);
    assert.deepEqual(codes(GOOD, true, { method: 'POST' }), []);
    assert.deepEqual(codes(GOOD, false), []);
  });

  it('are passed over where a URL cannot be read', () => {
    assert.deepEqual(codesOf('https://[::1/?a={ref_id}'), []);
    assert.deepEqual(codesOf('nonsense'), []);
  });
});

describe('settings for a known tracker', () => {
  const KEITARO = 'https://t.example.com/key/postback?subid={ref_id}&status={status}&tid={conversion_id}';
  const MAPPED = `${KEITARO}&lead_status=pending&sale_status=approved,paid&rejected_status=rejected`;

  it('bring a warning about words that it does not know, also when only their case differs', () => {
    assert.deepEqual(codesOf(KEITARO), ['unknown_word status_words.pending', 'unknown_word status_words.approved']);
    assert.deepEqual(codesOf(KEITARO, { status_words: { pending: 'lead', approved: 'sale' } }), []);
    assert.match(messageOf(KEITARO, { status_words: { pending: 'Lead', approved: 'sale' } }), /it writes lead/);
  });

  it('may use words that the URL itself explains', () => {
    assert.deepEqual(codesOf(MAPPED), []);
    assert.deepEqual(codesOf(MAPPED, { status_words: { approved: 'paid' } }), []);
    assert.deepEqual(codesOf(MAPPED, { status_words: { approved: 'sold' } }), ['unknown_word status_words.approved']);
  });

  it('bring a warning when its transaction id is missing', () => {
    assert.deepEqual(codesOf(MAPPED.replace('&tid={conversion_id}', '')), ['missing_transaction_id url']);
    assert.deepEqual(codesOf(MAPPED.replace('{conversion_id}', '{postback_id}')), ['postback_id_as_transaction url']);
  });

  it('bring a warning when a status is off that it needs to take a sale back', () => {
    assert.deepEqual(codesOf(MAPPED, { statuses: ['pending', 'approved'] }), ['status_off statuses']);
    assert.deepEqual(codesOf(MAPPED, { statuses: ['approved', 'rejected'] }), []);
  });

  it('bring a warning when a status is on that it would count as a sale', () => {
    const voluum = 'https://abc.voluumtrk.com/postback?cid={ref_id}&payout={payout}&txid={conversion_id}';
    assert.deepEqual(codesOf(voluum), ['status_not_wanted statuses', 'status_not_wanted statuses']);
    assert.deepEqual(codesOf(voluum, { statuses: ['approved'] }), []);
  });

  it('know the tracker by name where its URL could be that of another', () => {
    const url = 'https://t.example.com/postback?cid={ref_id}&payout={payout}&txid={conversion_id}&et={status}';
    assert.deepEqual(codesOf(url), []);
    assert.deepEqual(codesOf(url, { tracker: 'voluum' }), ['status_not_wanted statuses', 'status_not_wanted statuses']);
    const unknown = settingsFor(url, { tracker: 'nobody' as 'voluum' });
    assert.deepEqual(
      checkPostbackSettings(unknown).map(({ field }) => field),
      ['tracker'],
    );
  });

  it('speak the words of RedTrack: declined, not rejected', () => {
    const url = 'https://t.example.com/postback?clickid={ref_id}&status={status}&rdtk_event_id={conversion_id}';
    assert.deepEqual(codesOf(url), ['unknown_word status_words.rejected']);
    assert.deepEqual(codesOf(url, { status_words: { rejected: 'declined' } }), []);
  });

  it('never reverse all that a visit brought at Everflow', () => {
    const conversion = 'https://t.example.com/?nid=1&transaction_id={ref_id}&order_id={conversion_id}';
    const reversal = 'https://t.example.com/reversal?transaction_id={ref_id}';
    const settings = { statuses: ['approved' as const, 'rejected' as const], status_urls: { rejected: reversal } };
    assert.deepEqual(codesOf(conversion, settings), ['reversal_of_all status_urls.rejected']);
    assert.deepEqual(codesOf(conversion, { ...settings, status_urls: { rejected: `${reversal}&event_id=0` } }), []);
  });

  it('do not let CPV Lab add up what every status is worth', () => {
    const url = 'https://t.example.com/adclick.php?subid={ref_id}&revenue={payout}&cladd=true';
    assert.deepEqual(codesOf(url, { statuses: ['approved', 'rejected'] }), ['payouts_add_up url']);
  });
});
