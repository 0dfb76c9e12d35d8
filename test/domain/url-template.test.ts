import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  UrlTemplateError,
  checkUrlTemplate,
  fillUrlTemplate,
  type MacroVocabulary,
  type TemplateProblem,
} from '../../src/domain/url-template.ts';

const MACROS = ['ref_id', 'status', 'payout', 'partner_id', 'reason'] as const;
const VOCABULARY: MacroVocabulary = { macros: MACROS, synonyms: { clickid: 'ref_id' }, example: 'ref_id' };

type Values = Record<(typeof MACROS)[number], string>;

const plainValues: Values = {
  ref_id: 'r1',
  status: 'approved',
  payout: '12.50',
  partner_id: 'abcdefghigk',
  reason: '',
};

describe('a URL template', () => {
  function check(template: string): TemplateProblem[] {
    return checkUrlTemplate(template, VOCABULARY);
  }

  function codesOf(template: string): string[] {
    return check(template).map(({ code }) => code);
  }

  it('may hold its macros in the path and in the values of parameters', () => {
    assert.deepEqual(check('https://partner.example/a/{ref_id}/x-{status}?a={payout}&b=1-{ref_id}#top'), []);
  });

  for (const [given, meant] of [
    ['click_id', 'ref_id'],
    ['refid', 'ref_id'],
    ['stauts', 'status'],
  ]) {
    it(`with {${given}} is answered with {${meant}}`, () => {
      const message = `{${given}} is not known; did you mean {${meant}}?`;
      assert.deepEqual(check(`https://partner.example/?a={${given}}`), [{ code: 'unknown_macro', message }]);
    });
  }

  it('with a macro like no other is answered with all there are', () => {
    const message = '{zzzzzzzz} is not known; known are {ref_id} {status} {payout} {partner_id} {reason}';
    assert.deepEqual(check('https://partner.example/?a={zzzzzzzz}'), [{ code: 'unknown_macro', message }]);
  });

  it('is not fooled by names that every object has', () => {
    assert.deepEqual(codesOf('https://partner.example/?a={constructor}&b={__proto__}'), [
      'unknown_macro',
      'unknown_macro',
    ]);
  });

  const malformed = [
    ...['{ref_id', 'ref_id}', '{{ref_id}}', '{}', '{ref_id}}', '{ref{_id}', '${ref_id}', '%{ref_id}'],
    ...['%7Bref_id%7D', '%7bref_id%7d', '%7B%7Bref_id%7D%7D', '{ref_id?}', '{ref_id&b=}', '{"a":1}', '{реф}'],
  ];
  for (const text of malformed) {
    it(`may not hold ${text}`, () =>
      assert.ok(codesOf(`https://partner.example/?a=${text}`).includes('malformed_macro')));
  }

  it('may not hold a macro with blanks in it', () => {
    assert.notDeepEqual(check('https://partner.example/?a={ ref_id }'), []);
    assert.notDeepEqual(check('https://partner.example/?a={ }'), []);
  });

  const misplaced: [string, RegExp][] = [
    ['https://{partner_id}.example/', /host/],
    ['https://{partner_id}', /host/],
    ['https://partner.example:{ref_id}/', /host/],
    ['https://{ref_id}@partner.example/', /host/],
    ['https://partner.example/#{ref_id}', /fragment/],
    ['https://partner.example/?a=b#x?c={ref_id}', /fragment/],
    ['https://partner.example/?{ref_id}=a', /name of a parameter/],
    ['https://partner.example/?{ref_id}', /name of a parameter/],
    ['https://partner.example/?a=b&x{ref_id}=c', /name of a parameter/],
    ['https://partner.example/?a=b&{ref_id}', /name of a parameter/],
  ];
  for (const [url, where] of misplaced) {
    it(`may not hold a macro there: ${url}`, () => {
      const problem = check(url).find(({ code }) => code === 'misplaced_macro');
      assert.match(problem?.message ?? '', where);
    });
  }

  for (const url of ['{status}://partner.example/', '{ref_id}', 'javascript:{ref_id}', 'partner.example/?a={ref_id}']) {
    it(`without a beginning hears only that, wherever its macro stands: ${url}`, () => {
      const message = 'the URL must start with http:// or https:// and a host';
      assert.deepEqual(check(url), [{ code: 'invalid_url', message }]);
    });
  }

  it('that is too long hears only that, because each macro is looked at against the whole', () => {
    const message = 'the URL is longer than 2048 characters';
    assert.deepEqual(check('https://partner.example/?' + '{a}'.repeat(20_000)), [{ code: 'invalid_url', message }]);
  });

  it('names every problem it has', () => {
    const codes = codesOf('ftp://partner.example/?a={refid}&{status}=x&c={');
    assert.deepEqual([...new Set(codes)].sort(), ['malformed_macro', 'misplaced_macro', 'unknown_macro']);
  });
});

describe('a filled URL template', () => {
  function fill(url: string, values: Partial<Values> = {}): string {
    return fillUrlTemplate(url, { ...plainValues, ...values });
  }

  it('carries all values', () => {
    const url = fill(`https://partner.example/?${MACROS.map((name) => `${name}={${name}}`).join('&')}`);
    assert.deepEqual(Object.fromEntries(new URL(url).searchParams), plainValues);
  });

  it('carries hostile values as values', () => {
    const url = fill('https://partner.example/a/{ref_id}/?r={reason}&s={status}', {
      ref_id: '/../?#',
      reason: 'a&status=approved\r\nHost: x',
      status: '$& я',
    });
    assert.equal(
      url,
      'https://partner.example/a/%2F..%2F%3F%23/?r=a%26status%3Dapproved%0D%0AHost%3A%20x&s=%24%26%20%D1%8F',
    );
  });

  it('is what goes over the wire: ASCII', () => {
    assert.equal(
      fill('https://пример.example/путь?я={ref_id}'),
      'https://xn--e1afmkfd.example/%D0%BF%D1%83%D1%82%D1%8C?%D1%8F=r1',
    );
  });

  it('replaces a lone surrogate', () => {
    assert.equal(
      fill('https://partner.example/?a={ref_id}', { ref_id: 'a\ud800' }),
      'https://partner.example/?a=a%EF%BF%BD',
    );
  });

  it('does not fill what a value looks like', () => {
    assert.equal(
      fill('https://partner.example/?a={ref_id}', { ref_id: '{payout}' }),
      'https://partner.example/?a=%7Bpayout%7D',
    );
  });

  for (const [template, value] of [
    ['https://partner.example/a/{ref_id}', '..'],
    ['https://partner.example/{ref_id}', '..'],
    ['https://partner.example/a/{ref_id}/b', '.'],
    ['https://partner.example/a/.{ref_id}/b', ''],
    ['https://partner.example/a/.{ref_id}/b', '.'],
    ['https://partner.example/a/{ref_id}%2e/b', '.'],
    ['https://partner.example/a/{ref_id}{ref_id}', '.'],
  ] as const) {
    it(`is refused when ${JSON.stringify(value)} would change the path of ${template}`, () => {
      assert.throws(() => fill(template, { ref_id: value }), { name: 'UrlTemplateError', code: 'dots_in_path' });
    });
  }

  for (const [segment, value, message] of [
    ['{ref_id}', '..', 'the ref_id ".." cannot be part of a path'],
    ['{ref_id}', '.', 'the ref_id "." cannot be part of a path'],
    ['%2e{ref_id}', '.', '"%2e{ref_id}" becomes "%2e.", which cannot be part of a path'],
  ] as const) {
    it(`is refused with the reason: ${message}`, () => {
      assert.throws(() => fill(`https://partner.example/p/${segment}/x`, { ref_id: value }), { message });
    });
  }

  it('is refused when the template was stored with a macro nobody knows', () => {
    assert.throws(() => fill('https://partner.example/?a={toString}'), UrlTemplateError);
  });

  it("keeps the template's origin, path-segment count and parameter names, whatever the values", () => {
    let kept = 0;
    fc.assert(
      fc.property(templateOf(), hostileValues(), (template, values) => {
        assert.deepEqual(checkUrlTemplate(template, VOCABULARY), []);
        const before = new URL(template.replace(/\{\w+\}/g, 'x'));
        let filled: string;
        try {
          filled = fillUrlTemplate(template, values);
        } catch (error) {
          // Only a dot segment may be refused, and only in a path.
          assert.ok(error instanceof UrlTemplateError);
          assert.match(template.split('?')[0] ?? '', /\{/);
          return;
        }
        kept += 1;
        const after = new URL(filled);
        assert.equal(filled, after.href);
        assert.match(filled, /^[\x21-\x7e]+$/);
        assert.equal(after.origin, before.origin);
        assert.equal(after.pathname.split('/').length, before.pathname.split('/').length);
        assert.deepEqual([...after.searchParams.keys()], [...before.searchParams.keys()]);
        assert.equal(after.hash, '');
        for (const [index, [, value]] of [...before.searchParams].entries()) {
          if (value === 'x') assert.ok(isSomeValue([...after.searchParams.values()][index] ?? '', values));
        }
      }),
      { numRuns: 2000 },
    );
    assert.ok(kept > 500, `only ${kept} of the templates could be filled`);
  });
});

function isSomeValue(text: string, values: Values): boolean {
  return Object.values(values).some((value) => value.toWellFormed() === text);
}

function templateOf(): fc.Arbitrary<string> {
  const macro = fc.constantFrom(...MACROS).map((name) => `{${name}}`);
  const segment = fc.oneof(
    macro,
    fc.constantFrom('a', 'b-c', 'pb.php', '', '%20'),
    macro.map((text) => `x${text}.`),
  );
  const parameter = fc.tuple(fc.constantFrom('a', 'b', 'a%26', 'x.y', 'c[]'), fc.oneof(macro, fc.constant('1')));
  return fc
    .tuple(
      fc.constantFrom('https://partner.example', 'http://partner.example:8080', 'https://93.184.216.34'),
      fc.array(segment, { maxLength: 4 }),
      fc.array(parameter, { maxLength: 5 }),
    )
    .map(([origin, segments, parameters]) => {
      const query = parameters.map(([name, value]) => `${name}=${value}`).join('&');
      return `${origin}/${segments.join('/')}${query === '' ? '' : `?${query}`}`;
    });
}

function hostileValues(): fc.Arbitrary<Values> {
  const nasty = fc.constantFrom(
    '..',
    '.',
    '/',
    '//',
    '\\',
    '?',
    '#',
    '&',
    '=',
    '%',
    '%2e%2e',
    '%2F',
    ':',
    '@',
    '+',
    ';',
    '\r\n',
  );
  const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));
  const value = fc
    .array(fc.oneof(nasty, anyUnit, fc.string({ unit: 'binary' })), { maxLength: 6 })
    .map((parts) => parts.join(''));
  return fc.record(Object.fromEntries(MACROS.map((name) => [name, value])) as Record<keyof Values, typeof value>);
}
