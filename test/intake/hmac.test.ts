import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { createHmacSha256 } from '../../src/intake/hmac.ts';

const MAX_BYTES = 200;

describe('HMAC-SHA-256', () => {
  it('is that of node:crypto for any secret and any text, one after the other', () => {
    const text = fc.string({ unit: 'binary', maxLength: 50 });
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.array(text), (secret, texts) => {
        const sign = createHmacSha256(secret, MAX_BYTES);
        for (const given of texts) {
          assert.deepEqual(sign(given), createHmac('sha256', secret).update(given).digest());
        }
      }),
    );
  });

  it('refuses a text that is longer than announced', () => {
    assert.throws(() => createHmacSha256('secret', 4)('fünf'), RangeError);
  });
});
