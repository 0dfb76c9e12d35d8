import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { inTime, type Late } from '../src/in-time.ts';

const LIMIT = { withinMs: 10, message: 'Come again.' };
const REFUSAL = { name: 'AppError', kind: 'unavailable', message: 'Come again.' };

const forEver = () => new Promise<never>(() => undefined);

describe('work that somebody waits for', () => {
  it('gives what it gives, or fails as it fails, when it ends in time', async () => {
    assert.equal(await inTime(() => Promise.resolve('done'), { ...LIMIT, withinMs: 60_000 }), 'done');
    const failing = inTime(() => Promise.reject(new Error('no such thing')), { ...LIMIT, withinMs: 60_000 });
    await assert.rejects(failing, { message: 'no such thing' });
    const throwing = () => {
      throw new Error('at once');
    };
    await assert.rejects(inTime(throwing, { ...LIMIT, withinMs: 60_000 }), { message: 'at once' });
  });

  it('is refused when it takes longer, and learns so by its signal, whenever it asks for it', async () => {
    let late: Late | undefined;
    let signalBefore: AbortSignal | undefined;
    const work = async (given: Late) => {
      late = given;
      signalBefore = given.signal();
      assert.equal(signalBefore.aborted, false);
      given.throwIfLate();
      await forEver();
    };
    await assert.rejects(inTime(work, LIMIT), REFUSAL);
    assert.equal(signalBefore?.aborted, true);
    assert.equal((signalBefore.reason as Error).message, 'Come again.');
    assert.throws(() => late?.throwIfLate(), REFUSAL);
    let asksLate: Late | undefined;
    await assert.rejects(
      inTime((given) => {
        asksLate = given;
        return forEver();
      }, LIMIT),
      REFUSAL,
    );
    assert.equal(asksLate?.signal().aborted, true);
  });

  it('is told nothing more when it has ended', async () => {
    let late: Late | undefined;
    await inTime((given) => {
      late = given;
      return Promise.resolve();
    }, LIMIT);
    await nextTurn();
    late?.throwIfLate();
    assert.equal(late?.signal().aborted, false);
  });
});
