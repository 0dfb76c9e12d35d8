import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { repeatUntilStopped, type Repeated, type Repeating } from '../src/repeat-until-stopped.ts';
import { eventually } from './support/eventually.ts';

const FOR_EVER_MS = 2 ** 31 - 1;

describe('what is repeated until it is stopped', () => {
  let begun: AbortSignal[];
  let failures: unknown[];

  beforeEach(() => {
    begun = [];
    failures = [];
  });

  function start(given: Partial<Repeated>): Repeating {
    const work = (stopAsked: AbortSignal) => Promise.resolve(void begun.push(stopAsked));
    const onFailure = (err: unknown) => void failures.push(err);
    return repeatUntilStopped({ work, pauseMs: 1, pause: 'after', onFailure, ...given });
  }

  it('begins at once when it pauses after its work, and is not waited for in its pause', async () => {
    const repeating = start({ pauseMs: FOR_EVER_MS });
    assert.equal(begun.length, 1);
    await repeating.stop();
    assert.equal(begun.length, 1);
  });

  it('does nothing when it is stopped in the pause before its first work', async () => {
    const repeating = start({ pauseMs: FOR_EVER_MS, pause: 'before' });
    await nextTurn();
    await repeating.stop();
    assert.equal(begun.length, 0);
  });

  it('goes on after a failure, which it tells', async () => {
    for (const pause of ['before', 'after'] as const) {
      failures = [];
      const failed = new Error('away');
      const repeating = start({ pause, work: () => Promise.reject(failed) });
      await eventually(() => assert.ok(failures.length >= 3, `${failures.length} failures were told`));
      await repeating.stop();
      assert.deepEqual(new Set(failures), new Set([failed]));
    }
  });

  it('asks the work under way to end, waits for it, and begins no other', async () => {
    let end = () => {};
    let isStopped = false;
    const repeating = start({
      async work(stopAsked) {
        begun.push(stopAsked);
        await new Promise<void>((resolve) => (end = resolve));
      },
    });
    const stopped = repeating.stop().then(() => (isStopped = true));
    assert.equal(begun[0]?.aborted, true);
    await nextTurn();
    assert.equal(isStopped, false);
    end();
    await stopped;
    assert.equal(begun.length, 1);
  });
});
