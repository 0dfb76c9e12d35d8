import assert from 'node:assert/strict';
import { judgeSilence } from '../../src/domain/silence.ts';

const HOUR_MS = 60 * 60 * 1000;
const NOW_MS = Date.parse('2026-03-02T12:00:00Z');

const judge = (hoursAgo: number | null, daysWithCalls: number[]) =>
  judgeSilence(
    { lastCallMs: hoursAgo === null ? null : NOW_MS - hoursAgo * HOUR_MS, daysWithCalls },
    { nowMs: NOW_MS, afterHours: 36 },
  );

describe('an advertiser who reports daily', () => {
  it('is silent once it has not called for longer than it may', () => {
    assert.deepEqual(judge(37, [1, 2, 3, 4, 5, 6, 7]), { reportsDaily: true, isSilent: true });
    assert.deepEqual(judge(36, [1, 2, 3, 4, 5, 6, 7]), { reportsDaily: true, isSilent: false });
    assert.deepEqual(judge(1, [0, 1, 2, 3, 4, 5, 6]), { reportsDaily: true, isSilent: false });
  });

  it('may have left out one day of seven', () => {
    assert.equal(judge(40, [1, 2, 3, 5, 6, 7]).isSilent, true);
    assert.equal(judge(40, [1, 2, 3, 5, 6]).isSilent, false);
  });

  it('is not one who keeps the weekend, whose Monday begins without an alarm', () => {
    // From Monday noon back: silent on Sunday and Saturday, and the week before as well.
    assert.deepEqual(judge(60, [2, 3, 4, 5, 6, 9, 10, 11, 12, 13]), { reportsDaily: false, isSilent: false });
  });

  it('stays silent for two weeks, and is judged by the days before it stopped', () => {
    const days = [13, 14, 15, 16, 17, 18, 19];
    assert.equal(judge(13 * 24 + 1, days).isSilent, true);
    assert.equal(judge(20 * 24 + 1, [20]).isSilent, false);
  });

  it('is nobody who never called', () => {
    assert.deepEqual(judge(null, []), { reportsDaily: false, isSilent: false });
  });
});
