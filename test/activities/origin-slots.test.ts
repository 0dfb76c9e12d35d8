import assert from 'node:assert/strict';
import { createOriginSlots } from '../../activities/origin-slots.ts';

describe('slots of an origin', () => {
  it('are as many as allowed, and each can be taken again when it is given back', () => {
    const slots = createOriginSlots(2);
    const giveBack = slots.take('https://a.example/x');
    assert.ok(giveBack && slots.take('https://a.example/y?z'));
    assert.equal(slots.take('https://a.example/'), undefined);
    giveBack();
    assert.ok(slots.take('https://a.example/'));
    assert.equal(slots.take('https://a.example/'), undefined);
  });

  it('are not shared with another host, scheme or port', () => {
    const slots = createOriginSlots(1);
    const urls = ['https://a.example/', 'https://b.example/', 'http://a.example/', 'https://a.example:8443/'];
    assert.ok(urls.every((url) => slots.take(url)));
  });
});
