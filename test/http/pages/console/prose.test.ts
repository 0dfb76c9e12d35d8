import assert from 'node:assert/strict';
import { createParts } from '../../../../src/http/pages/console/parts.ts';

const show = createParts({
  timeZone: 'Europe/Berlin',
  nowMs: Date.parse('2026-11-26T12:00:00Z'),
  formToken: 'token',
  docs: '/docs',
});

describe('the parts of console pages', () => {
  it('tell moments in the time of the reader, and rules as links to the documentation', () => {
    const html = show.prose('Approved at 2026-11-26T10:00:00.000Z (R3, R8). <b>Then</b> nothing.');
    assert.match(html, /<time datetime="2026-11-26T10:00:00.000Z"[^>]*>26 Nov 2026, 11:00:00 CET<\/time>/);
    assert.match(html, /&lt;b&gt;Then&lt;\/b&gt; nothing\. See <a href="\/docs#compete">who wins a lead<\/a>\.$/);
    assert.ok(!html.includes('R3'));
  });

  for (const [at, text] of [
    ['2026-11-26T11:59:50Z', 'just now'],
    ['2026-11-26T11:57:00Z', '3 min ago'],
    ['2026-11-24T11:00:00Z', '24 Nov, 12:00'],
  ] as const) {
    it(`tell ${at} as ${text}`, () => assert.ok(show.time(at).includes(`>${text}</time>`), show.time(at)));
  }

  it('count down to the next attempt', () => {
    assert.ok(show.countdown('2026-11-26T12:03:12Z').includes('>in 3 min 12 s<'));
    assert.ok(show.countdown('2026-11-26T11:00:00Z').includes('>any moment now<'));
  });

  it('write money in groups, with its currency, in its own decimals', () => {
    for (const [amount, currency, text] of [
      [128750, 'USD', '1,287.50'],
      [-800, 'USD', '−8.00'],
      [1234567, 'JPY', '1,234,567'],
    ] as const) {
      assert.ok(show.money(amount, currency).includes(`${text} <small>${currency}`), show.money(amount, currency));
    }
  });

  it('shorten ids, with all of them on hover and for copying', () => {
    const id = '0123456789abcdefghij';
    const html = show.id(id, `/console/conversions/${id}`);
    assert.match(html, /title="0123456789abcdefghij"><code>01234567…ghij<\/code>/);
    assert.match(html, /data-copy="0123456789abcdefghij"/);
  });

  it('show hostile text as text, wherever it stands', () => {
    const hostile = `"><script>alert(1)</script>'`;
    const field = { name: 'url', label: hostile, value: hostile, help: hostile, error: hostile };
    for (const html of [
      show.state(hostile),
      show.id(hostile, `/x?${hostile}`),
      show.copy(hostile, hostile, hostile),
      show.notice({ tone: 'bad', title: hostile, text: hostile, actions: [{ label: hostile, href: `/x?${hostile}` }] }),
      show.nothing({ title: hostile, text: hostile, action: { label: hostile, post: '/x', fields: { a: hostile } } }),
      show.field(field),
      show.field({ ...field, rows: 3 }),
      show.select({ ...field, options: [{ value: hostile, label: hostile }] }),
      show.prose(hostile),
      show.pager({ first: hostile, next: hostile }),
    ]) {
      assert.ok(!html.includes('<script') && !/="[^"]*">?<?script/.test(html), html);
      assert.ok(html.includes('&lt;script&gt;'), html);
    }
  });
});
