import assert from 'node:assert/strict';
import { createEnds } from './ends.ts';

describe('the end of a cluster trial', () => {
  it('waits for what ends', async () => {
    const ends = createEnds(60_000);
    assert.equal(await ends.of('the puller', () => Promise.resolve('done')), 'done');
    assert.deepEqual(ends.hanging, []);
  });

  it('goes on without what hangs or fails, and names it', async () => {
    const ends = createEnds(1);
    await ends.of('the puller', () => new Promise(() => undefined));
    await ends.of('the advertiser', () => Promise.reject(new Error('no such offer')));
    assert.deepEqual(ends.hanging, [
      'the puller did not end: not after 0 s',
      'the advertiser did not end: no such offer',
    ]);
  });
});
