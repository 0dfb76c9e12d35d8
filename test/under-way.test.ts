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
    const idle = underWay.idle().then(() => ended.push('idle'));
    for (const end of ends) {
      end();
      await (end === ends[0] ? good : bad);
    }
    await idle;
    assert.deepEqual(ended.toSorted(), ['bad', 'good', 'idle']);
    assert.equal(ended[0], 'good');
  });

  it('is not waited for when there is nothing', async () => {
    await createUnderWay().idle();
  });
});
