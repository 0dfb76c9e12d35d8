import assert from 'node:assert/strict';
import { sayDuration } from '../../../src/http/pages/say-duration.ts';

describe('a duration', () => {
  it('is said in the largest unit that needs no fraction', () => {
    const said = [1_209_600_000, 86_400_000, 5_400_000, 300_000, 90_000, 1000, 2500].map(sayDuration);
    assert.deepEqual(said, ['14 days', '1 day', '90 minutes', '5 minutes', '90 seconds', '1 second', '2.5 seconds']);
  });
});
