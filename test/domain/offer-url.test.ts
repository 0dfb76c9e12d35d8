import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkOfferUrl, compileOfferUrl } from '../../src/domain/offer-url.ts';

describe("an offer's destination", () => {
  for (const url of [
    'https://advertiser.example/?cid={conversion_id}',
    'http://advertiser.example/{conversion_id}/landing',
    'https://advertiser.example:81/?cid={conversion_id}&o={offer_id}&again={conversion_id}',
    'https://магазин.example/?cid={conversion_id}#top',
  ]) {
    it(`may be ${url}`, () => assert.deepEqual(checkOfferUrl(url), []));
  }

  for (const [url, code] of [
    ['https://advertiser.example/', 'missing_macro'],
    ['https://advertiser.example/?cid={offer_id}', 'missing_macro'],
    ['https://advertiser.example/?cid={Conversion_Id}', 'unknown_macro'],
    ['https://advertiser.example/?cid={click_id}', 'unknown_macro'],
    ['https://advertiser.example/?cid={conversion_id}&r={ref_id}', 'unknown_macro'],
    ['https://advertiser.example/?cid={{conversion_id}}', 'malformed_macro'],
    ['https://advertiser.example/?cid=%7Bconversion_id%7D', 'malformed_macro'],
    ['https://{conversion_id}.example/', 'misplaced_macro'],
    ['https://advertiser.example/?{conversion_id}=1', 'misplaced_macro'],
    ['https://advertiser.example/#{conversion_id}', 'misplaced_macro'],
    ['javascript:alert({conversion_id})', 'invalid_url'],
    ['ftp://advertiser.example/{conversion_id}', 'invalid_url'],
    ['/{conversion_id}', 'invalid_url'],
    ['https://user:pw@advertiser.example/{conversion_id}', 'invalid_url'],
    ['https://advertiser.example:0/{conversion_id}', 'invalid_url'],
    ['https://advertiser.example/{conversion_id}\r\nset-cookie: a=b', 'invalid_url'],
    ['https://advertiser.example/a b/{conversion_id}', 'invalid_url'],
    [`https://advertiser.example/{conversion_id}/${'a'.repeat(2048)}`, 'invalid_url'],
  ] as const) {
    it(`may not be ${JSON.stringify(url.slice(0, 60))}: ${code}`, () => {
      assert.equal(checkOfferUrl(url)[0]?.code, code);
    });
  }

  it('is answered with a macro of its own when one is written wrongly', () => {
    for (const macro of ['{{conversion_id}}', '${conversion_id}', '{conversion id}', '{}']) {
      const messages = checkOfferUrl(`https://advertiser.example/?cid=${macro}`).map(({ message }) => message);
      assert.ok(
        messages.some((message) => message.includes('{conversion_id}')),
        macro,
      );
      assert.ok(!messages.some((message) => message.includes('{ref_id}')), macro);
    }
  });

  it('carries the conversion wherever it is asked for', () => {
    const fill = compileOfferUrl('https://advertiser.example/{conversion_id}?o={offer_id}&c={conversion_id}', 'o&1');
    assert.equal(fill('abc123'), 'https://advertiser.example/abc123?o=o%261&c=abc123');
    assert.equal(fill('def456'), 'https://advertiser.example/def456?o=o%261&c=def456');
  });

  it('is ASCII, as a Location header must be', () => {
    const fill = compileOfferUrl('https://магазин.example/путь?я={conversion_id}#ж', 'o1');
    assert.equal(fill('abc'), 'https://xn--80aairftm.example/%D0%BF%D1%83%D1%82%D1%8C?%D1%8F=abc#%D0%B6');
  });

  it('is not confused by words that look like its own marker', () => {
    const fill = compileOfferUrl(
      'https://CONVERSION.example/conversion0?conversion00={conversion_id}&ｃonversion=1',
      'conversion',
    );
    assert.equal(fill('abc'), 'https://conversion.example/conversion0?conversion00=abc&%EF%BD%83onversion=1');
  });

  it('encodes an id that is not one of ours', () => {
    const fill = compileOfferUrl('https://advertiser.example/{conversion_id}?c={conversion_id}', 'o1');
    assert.equal(fill('a/b&c'), 'https://advertiser.example/a%2Fb%26c?c=a%2Fb%26c');
    assert.throws(() => fill('..'));
  });

  it('refuses to be compiled with a macro nobody knows', () => {
    assert.throws(
      () => compileOfferUrl('https://advertiser.example/?c={click_id}', 'o1'),
      /No value for the macro \{click_id\}/,
    );
  });

  it('keeps its origin and parameter names for any id', () => {
    const template = 'https://advertiser.example/a/{conversion_id}/b?x={conversion_id}&y=1';
    const fill = compileOfferUrl(template, 'o1');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 3 }), (id) => {
        const url = new URL(fill(id));
        assert.equal(url.origin, 'https://advertiser.example');
        assert.equal(url.pathname.split('/').length, 4);
        assert.deepEqual(
          [...url.searchParams],
          [
            ['x', id.toWellFormed()],
            ['y', '1'],
          ],
        );
      }),
    );
  });
});
