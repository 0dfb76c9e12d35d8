import type { ReplayCursor } from '../../src/db/replays/replay-turns.ts';

/** What became of a postback: an answer was recorded, or it was not sent. */
type Passed = 'sent' | 'skipped';

export type Trail = {
  /** Adds a postback to the end of the way. @returns to be called when it has been dealt with */
  add(place: ReplayCursor): (passed: Passed) => void;
  /** Up to where everything has been dealt with, and how many of these were skipped since this was asked last. */
  take(): { cursor: ReplayCursor; skipped: number };
  /** True when nothing on the way is left. */
  isClear(): boolean;
};

type Step = { place: ReplayCursor; passed: Passed | undefined };

/**
 * Postbacks end in any order; the cursor of a replay moves only over those before which nothing is left. So whoever goes
 * on from there meets everything that is left, and counts nothing as skipped that was counted before.
 */
export function createTrail(start: ReplayCursor): Trail {
  let cursor = start;
  let steps: Step[] = [];

  return {
    add(place) {
      const step: Step = { place, passed: undefined };
      steps.push(step);
      return (passed) => void (step.passed = passed);
    },
    take() {
      const firstLeft = steps.findIndex(({ passed }) => passed === undefined);
      const passed = steps.slice(0, firstLeft === -1 ? undefined : firstLeft);
      steps = steps.slice(passed.length);
      cursor = passed.at(-1)?.place ?? cursor;
      return { cursor, skipped: passed.filter((step) => step.passed === 'skipped').length };
    },
    isClear: () => steps.every(({ passed }) => passed),
  };
}
