import assert from 'node:assert/strict';
import { checkPostbackUrl, macroNames } from '../../../src/domain/postbacks/postback-url.ts';

function codesOf(url: string): string[] {
  return checkPostbackUrl(url).map(({ code }) => code);
}

describe('a postback template', () => {
  const good = [
    'https://partner.example/postback?subid={ref_id}&status={status}&payout={payout}',
    'http://partner.example:8080/{partner_id}/{conversion_id}/x?a=b',
    'https://partner.example',
    'HTTPS://PARTNER.EXAMPLE/?A={ref_id}',
    'https://partner.example:8443/?x=a-{ref_id}-{status}',
    'https://partner.example:1024/',
    'http://partner.example:80/',
    'https://partner.example/?a={ref_id}=x&&b={status}&',
    'https://пример.example/путь?ключ={ref_id}#top',
    'https://93.184.216.34/?a={ref_id}',
    'https://[2606:2800:220:1::1]:9000/?a={ref_id}',
    'https://partner.example/?filter=%7B%22a%22%3A1%7D&a=%25{ref_id}',
    `https://partner.example/?${macroNames.map((name) => `${name}={${name}}`).join('&')}`,
  ];
  for (const url of good) it(`may be ${url}`, () => assert.deepEqual(checkPostbackUrl(url), []));

  const unknown: [string, string][] = [
    ['refid', 'ref_id'],
    ['REF_ID', 'ref_id'],
    ['ref-id', 'ref_id'],
    ['clickid', 'ref_id'],
    ['click_id', 'ref_id'],
    ['subid', 'ref_id'],
    ['txid', 'conversion_id'],
    ['conversionid', 'conversion_id'],
    ['stauts', 'status'],
    ['pay_out', 'payout'],
    ['sum', 'payout'],
    ['offerid', 'offer_id'],
    ['partner', 'partner_id'],
    ['timestamp', 'event_unix'],
    ['curency', 'currency'],
  ];
  for (const [given, meant] of unknown) {
    it(`with {${given}} is answered with {${meant}}`, () => {
      const message = `{${given}} is not known; did you mean {${meant}}?`;
      assert.deepEqual(checkPostbackUrl(`https://partner.example/?a={${given}}`), [{ code: 'unknown_macro', message }]);
    });
  }

  const invalid = [
    ...['', 'partner.example/?a=b', '//partner.example/', 'ftp://partner.example/', 'javascript:alert(1)', 'https://'],
    ...[
      'https:partner.example',
      'https:///partner.example/',
      'https://user@partner.example/',
      'https://u:p@partner.example/',
    ],
    ...['https://partner.example:0/', 'https://partner.example:22/', 'https://partner.example:1023/'],
    ...[
      'https://partner.example:65536/',
      'https://partner.example/a b',
      ' https://partner.example/',
      'https://partner.example/\t',
    ],
    ...['https://partner.example/\r\nx', 'https://partner.example/\u0000', 'https://partner.example/\u0085'],
    ...[
      'https://partner.example\\@x/',
      'https://partner.example/\u2028',
      'https://partner.example/\ud800',
      'https://[::1/',
      'https://.partner.example/',
      'https://partner..example/',
    ],
    ...[
      'https://partner.example/../x',
      'https://partner.example/%2e/x',
      'https://partner.example/?a=100%',
      'https://a b/',
    ],
    ...['https://partner.example/?a=%4{ref_id}', `https://partner.example/?a=${'b'.repeat(2048)}`],
  ];
  for (const url of invalid) {
    it(`may not be ${JSON.stringify(url.slice(0, 50))}`, () => assert.deepEqual(codesOf(url), ['invalid_url']));
  }

  for (const url of [
    'partner.example/?a={ref_id}',
    '//partner.example/?a={ref_id}',
    '{ref_id}',
    ' https://a.example/{ref_id}',
  ]) {
    it(`${JSON.stringify(url)} is told to lack its beginning, not that its macro stands in a wrong place`, () => {
      assert.deepEqual(codesOf(url), ['invalid_url']);
    });
  }

  it('copied from the source of a web page is told to write & for &amp;', () => {
    const [problem, ...others] = checkPostbackUrl('https://partner.example/?a={ref_id}&amp;b={status}');
    assert.match(problem?.message ?? '', /write & between/);
    assert.deepEqual(others, []);
  });

  it('may have 2,048 characters', () => {
    assert.deepEqual(checkPostbackUrl('https://partner.example/?a='.padEnd(2048, 'b')), []);
  });
});
