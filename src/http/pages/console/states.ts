export type Tone = 'good' | 'busy' | 'bad' | 'quiet';

// One word and colour per state, the same on every page.
const TONES: Readonly<Record<string, Tone>> = {
  // Postbacks
  scheduled: 'busy',
  retrying: 'busy',
  delivered: 'good',
  failed: 'bad',
  superseded: 'quiet',
  skipped: 'quiet',
  // Attempts
  running: 'busy',
  refused: 'bad',
  interrupted: 'bad',
  // Conversions
  pending: 'busy',
  approved: 'good',
  rejected: 'bad',
  // Outcomes of conversions
  won: 'good',
  open: 'busy',
  reattributed: 'quiet',
  // Price lists
  current: 'good',
  coming: 'busy',
  past: 'quiet',
  // Pulls
  imported: 'good',
  unchanged: 'good',
  // Replays
  paused: 'quiet',
  done: 'good',
  cancelled: 'quiet',
  // The catalogue and keys
  active: 'good',
  revoked: 'quiet',
  // Status calls
  recorded: 'good',
  'accepted late': 'good',
  'window closed': 'bad',
  'unknown word': 'bad',
  'unknown conversion': 'bad',
  malformed: 'bad',
  // Advertisers
  silent: 'bad',
  // Endpoints
  ok: 'good',
  failing: 'bad',
  unknown: 'quiet',
};

export function toneOf(state: string): Tone {
  return TONES[state] ?? 'quiet';
}
