import assert from 'node:assert/strict';
import { createPace } from '../../activities/replay/pace.ts';

const { signal } = new AbortController();

describe('the pace of a replay', () => {
  it('is never faster than it should be for being tiny', async () => {
    const halting = new AbortController();
    const next = createPace(1e-9).next(halting.signal);
    const isThrough = await Promise.race([
      next.then(() => true),
      createPace(20)
        .next(signal)
        .then(() => false),
    ]);
    assert.equal(isThrough, false);
    halting.abort();
    await next;
  });
});
