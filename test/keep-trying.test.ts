import assert from 'node:assert/strict';
import { keepTrying } from '../src/keep-trying.ts';
import { eventually } from './support/eventually.ts';

describe('work that is tried until it succeeds', () => {
  it('waits twice as long after each failure, up to a limit, and ends with the first success', async () => {
    const pauses: number[] = [];
    let tries = 0;
    const work = () => (++tries < 6 ? Promise.reject(new Error('not yet')) : Promise.resolve());
    const trying = keepTrying(work, {
      firstPauseMs: 1,
      longestPauseMs: 6,
      onFailure: (_error, pauseMs) => void pauses.push(pauseMs),
    });
    await trying.ended;
    assert.deepEqual({ tries, pauses }, { tries: 6, pauses: [1, 2, 4, 6, 6] });
  });

  it('ends at once when it is stopped in a pause', async () => {
    let failures = 0;
    const trying = keepTrying(() => Promise.reject(new Error('never')), {
      firstPauseMs: 60_000,
      longestPauseMs: 60_000,
      onFailure: () => void failures++,
    });
    await eventually(() => assert.equal(failures, 1));
    await trying.stop();
    assert.equal(failures, 1);
  });
});
