import type { ReplayPreview } from '../../../../../db/replays/replay-previews.ts';
import type { Replay } from '../../../../../db/replays/replays.ts';
import { tellDuration } from '../../../../../domain/postbacks/explain-answer.ts';

/** How far a replay is, as its page shows it. */
export type Progress = {
  done: number;
  /** At least 1, so that a bar can be drawn. */
  total: number;
  /** "about 120 per second, 3 min left"; empty when it does not run. */
  pace: string;
  /** What it waits for, or what closing the page does to it. */
  note: string;
  isOver: boolean;
};

// In the first moments a pace says nothing.
const MIN_ELAPSED_MS = 1500;

export function progressOf(replay: Replay, nowMs: number): Progress {
  const done = replay.delivered + replay.refused + replay.skipped;
  return {
    done,
    total: Math.max(1, replay.total),
    pace: replay.state === 'running' ? tellPace(done, replay, nowMs) : '',
    note: tellNote(replay),
    isOver: replay.ended_at !== null,
  };
}

function tellPace(done: number, { total, started_at, resumed_at, done_before }: Replay, nowMs: number): string {
  const elapsedMs = nowMs - Date.parse(resumed_at ?? started_at);
  if (done <= done_before || elapsedMs < MIN_ELAPSED_MS) return '';
  const perSecond = (done - done_before) / (elapsedMs / 1000);
  const left = tellDuration(((total - done) / perSecond) * 1000);
  const pace = perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond));
  return `about ${pace} per second, ${left} left`;
}

function tellNote({ state, asked, pause_reason }: Replay): string {
  if (pause_reason === 'no_url') return 'It has paused because there is no postback URL. Save one, then resume it.';
  if (state === 'paused') return 'What is left waits until you resume it.';
  if (state !== 'running') return '';
  if (asked === 'run') return 'It goes on when you close this page.';
  if (asked === 'pause') return 'It pauses as soon as the calls under way have ended.';
  return asked === 'cancel' ? 'It ends as soon as the calls under way have ended.' : '';
}

/** What a replay would do, in sentences with numbers. */
export function tellPreview(preview: ReplayPreview): string[] {
  const { to_send, overtaken, status_off, not_configured, is_complete } = preview;
  const skipped = [
    [overtaken, 'because a newer status of the conversion was delivered or is on its way'],
    [status_off, 'because the status is switched off in your settings'],
    [not_configured, 'because there is no postback URL'],
  ] as const;
  return [
    `${count(to_send, 'postback')} will be sent.`,
    ...skipped
      .filter(([number]) => number > 0)
      .map(([number, why]) => `${number} ${number === 1 ? 'is' : 'are'} skipped ${why}.`),
    ...(is_complete ? [] : ['There are more than 20,000; these are the numbers of the first.']),
  ];
}

export function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
