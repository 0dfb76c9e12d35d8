import assert from 'node:assert/strict';
import { createUnderWay } from '../src/under-way.ts';

describe('what is under way', () => {
  it('is waited for until all of it has ended, however that is', async () => {
    const underWay = createUnderWay();
    const ended: string[] = [];
    const ends: (() => void)[] = [];
    const hanging = () => new Promise<void>((resolve) => ends.push(resolve));
    const good = underWay.run(hanging).then(() => ended.push('good'));
    const bad = underWay
      .run(() => hanging().then(() => Promise.reject(new Error('failed'))))
      .catch(() => ended.push('bad'));
    const all = underWay.allEnded().then(() => ended.push('all'));
    for (const end of ends) {
      end();
      await (end === ends[0] ? good : bad);
    }
    await all;
    assert.deepEqual(ended.toSorted(), ['all', 'bad', 'good']);
    assert.equal(ended[0], 'good');
  });

  it('is not waited for when there is nothing', async () => {
    await createUnderWay().allEnded();
  });

  it('is not waited for when it began later, so that nobody waits for ever where there is always something', async () => {
    const underWay = createUnderWay();
    const ends: (() => void)[] = [];
    const hang = () => underWay.run(() => new Promise<void>((resolve) => ends.push(resolve)));
    const first = hang();
    const all = underWay.allEnded();
    const later = hang();
    ends[0]?.();
    await all;
    ends[1]?.();
    await Promise.all([first, later]);
  });
});
