import assert from 'node:assert/strict';
import fc from 'fast-check';
import { toSafeText } from '../../src/outbound/response-text.ts';

describe('safe text', () => {
  it('keeps readable text as it is', () => assert.equal(toSafeText(Buffer.from('принято ✓'), 100), 'принято ✓'));

  it('leaves out the character that the cut went through', () => {
    assert.equal(toSafeText(Buffer.from('aя'.repeat(3)), 5), 'aяa');
  });

  it('is well-formed, without NUL and within its size for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 100 }), (bytes, maxBytes) => {
        const text = toSafeText(bytes, maxBytes);
        assert.ok(text.isWellFormed());
        assert.ok(!text.includes('\0'));
        assert.ok(Buffer.byteLength(text) <= maxBytes);
      }),
    );
  });
});
