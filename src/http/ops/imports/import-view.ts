import type { Import } from '../../../db/imports/imports.ts';
import { tellDuration } from '../../../domain/postbacks/explain-answer.ts';
import { writeCount } from '../../pages/console/write-numbers.ts';

/** How far an import is, as its page shows it. */
export type ImportProgress = {
  /** At least 1, so that a bar can be drawn. */
  total: number;
  /** "about 5,200 per second, 3 min left"; empty when it does not run. */
  pace: string;
  /** What it waits for, what comes next, or what closing the page does to it. */
  note: string;
  isOver: boolean;
  /** What `apply` would do, in numbers; empty when there is nothing to apply. */
  proposal: string;
  /** True for a dry run after which another file may be sent in its place. */
  isTried: boolean;
};

const NOTHING_TO_BOOK = 'There is nothing to book: no row of it would be recorded.';
// In the first moments a pace says nothing.
const MIN_ELAPSED_MS = 1500;

export function progressOf(one: Import, nowMs: number): ImportProgress {
  const isTried = one.dry_run && one.state === 'done' && one.file_dropped_at === null;
  return {
    total: Math.max(1, one.rows),
    pace: one.state === 'running' ? tellPace(one, nowMs) : '',
    note: tellNote(one),
    isOver: one.ended_at !== null,
    proposal: isTried && one.recorded > 0 ? propose(one) : '',
    isTried,
  };
}

function tellPace({ rows, done_rows: done, started_at, resumed_at, done_before }: Import, nowMs: number): string {
  const elapsedMs = nowMs - Date.parse(resumed_at ?? started_at);
  if (done <= done_before || elapsedMs < MIN_ELAPSED_MS) return '';
  const perSecond = (done - done_before) / (elapsedMs / 1000);
  return `about ${writeCount(Math.round(perSecond))} per second, ${tellDuration(((rows - done) / perSecond) * 1000)} left`;
}

function tellNote({ state, asked, dry_run: isDryRun, file_dropped_at: droppedAt, recorded }: Import): string {
  if (droppedAt !== null && isDryRun && state === 'done') {
    return 'Its rows were dropped since, so they cannot be booked any more: send the file again.';
  }
  if (state === 'paused') return 'What is left waits until you resume it.';
  if (state === 'cancelled') return isDryRun ? 'Nothing was written.' : 'What was booked before stays booked.';
  if (state !== 'running' && isDryRun) return recorded === 0 ? NOTHING_TO_BOOK : 'Nothing has been written yet.';
  if (state !== 'running') return '';
  if (asked === 'run') return 'It goes on when you close this page.';
  return asked === 'pause' ? 'It pauses in a moment.' : 'It ends in a moment.';
}

function propose({ recorded, refused, rows, notify }: Import): string {
  const booked = `${writeCount(recorded)} of ${writeCount(rows)} rows will be booked`;
  const told = notify ? 'their partners get postbacks' : 'no partner is told';
  const rest = refused === 0 ? '' : ` ${writeCount(refused)} are refused and stay out.`;
  return `${booked}, and ${told}.${rest}`;
}
