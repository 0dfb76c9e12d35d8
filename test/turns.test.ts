import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createTurns } from '../src/turns.ts';

describe('turns', () => {
  it('are had by so many at a time, in the order of asking, and follow a limit that changes', async () => {
    let limit = 1;
    const turns = createTurns(() => limit);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const taken = [1, 2, 3, 4].map((name) =>
      turns.take(async () => {
        begun.push(name);
        await new Promise<void>((resolve) => ends.push(resolve));
      }),
    );
    await nextTurn();
    assert.deepEqual(begun, [1]);
    assert.equal(turns.isFree(), false);
    limit = 2;
    ends.shift()?.();
    await taken[0];
    await nextTurn();
    assert.deepEqual(begun, [1, 2, 3]);
    ends.splice(0).forEach((end) => end());
    await taken[2];
    await nextTurn();
    ends.splice(0).forEach((end) => end());
    await Promise.all(taken);
    assert.deepEqual(begun, [1, 2, 3, 4]);
    assert.equal(turns.isFree(), true);
  });

  it('are given on when the work fails', async () => {
    const turns = createTurns(() => 1);
    await assert.rejects(
      turns.take(() => Promise.reject(new Error('failed'))),
      /failed/,
    );
    assert.equal(await turns.take(() => Promise.resolve('done')), 'done');
  });
});
