import assert from 'node:assert/strict';
import { keepTrying } from '../src/keep-trying.ts';

const neverAborted = new AbortController().signal;

describe('work that is tried until it succeeds', () => {
  it('waits twice as long after each failure, up to a limit, and ends with the first success', async () => {
    const pauses: number[] = [];
    let calls = 0;
    const work = () => (++calls < 6 ? Promise.reject(new Error('not yet')) : Promise.resolve('done'));
    const result = await keepTrying(work, {
      signal: neverAborted,
      firstPauseMs: 1,
      longestPauseMs: 6,
      onFailure: (_error, pauseMs) => void pauses.push(pauseMs),
    });
    assert.deepEqual({ result, calls, pauses }, { result: 'done', calls: 6, pauses: [1, 2, 4, 6, 6] });
  });

  it('ends at once when it is stopped in a pause', async () => {
    const stopping = new AbortController();
    let failures = 0;
    const result = await keepTrying(() => Promise.reject(new Error('never')), {
      signal: stopping.signal,
      firstPauseMs: 60_000,
      longestPauseMs: 60_000,
      onFailure() {
        failures++;
        setImmediate(() => stopping.abort());
      },
    });
    assert.equal(result, undefined);
    assert.equal(failures, 1);
  });

  it('is done once even when it is stopped before it begins', async () => {
    const options = { signal: AbortSignal.abort(), firstPauseMs: 60_000, longestPauseMs: 60_000 };
    const onFailure = () => assert.fail('it did not succeed');
    assert.equal(await keepTrying(() => Promise.resolve('done'), { ...options, onFailure }), 'done');
  });

  it('ends with the error that the caller makes of a failure', async () => {
    const refused = new Error('refused');
    const trying = keepTrying(() => Promise.reject(refused), {
      signal: neverAborted,
      firstPauseMs: 60_000,
      longestPauseMs: 60_000,
      onFailure(error) {
        throw error;
      },
    });
    await assert.rejects(trying, refused);
  });
});
