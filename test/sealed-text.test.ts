import assert from 'node:assert/strict';
import { openSealed, sealText } from '../src/sealed-text.ts';

const OLD = 'an old key of the tests';
const NEW = 'a new key of the tests';

describe('sealed text', () => {
  it('is opened by the key it was sealed with, whatever key is used now', () => {
    const sealed = sealText('Bearer säcret', { keys: [OLD], context: 'bank' });
    assert.doesNotMatch(sealed, /Bearer/);
    assert.equal(openSealed(sealed, { keys: [OLD], context: 'bank' }), 'Bearer säcret');
    assert.equal(openSealed(sealed, { keys: [NEW, OLD], context: 'bank' }), 'Bearer säcret');
  });

  it('is never the same twice, so nobody sees that two are alike', () => {
    const seal = () => sealText('same', { keys: [OLD], context: 'bank' });
    assert.notEqual(seal(), seal());
  });

  it('opens with no other key, for nothing else, and not when it was changed', () => {
    const sealed = sealText('secret', { keys: [OLD], context: 'bank' });
    assert.equal(openSealed(sealed, { keys: [NEW], context: 'bank' }), undefined);
    assert.equal(openSealed(sealed, { keys: [], context: 'bank' }), undefined);
    assert.equal(openSealed(sealed, { keys: [OLD], context: 'shop' }), undefined);
    const changed = sealed.slice(0, -4) + (sealed.endsWith('AAAA') ? 'BBBB' : 'AAAA');
    for (const other of [changed, 'v1.', '', 'v2.' + sealed.slice(3), 'v1.!!!']) {
      assert.equal(openSealed(other, { keys: [OLD], context: 'bank' }), undefined, other);
    }
  });
});
