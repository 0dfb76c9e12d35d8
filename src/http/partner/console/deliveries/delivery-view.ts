import type { Replay } from '../../../../db/replays/replays.ts';
import type { PostbackSettings } from '../../../../domain/postbacks/postback-settings.ts';
import { urlTemplateFor } from '../../../../domain/postbacks/postback-settings.ts';
import type { viewListedPostback, viewPartnerPostback } from '../../../../stories/partner-postback.ts';
import { tellSkip } from '../../../../stories/skip-words.ts';

type Told = ReturnType<typeof viewPartnerPostback>;
type Listed = ReturnType<typeof viewListedPostback>;

/** What the last attempt of a postback came to, in a word or two. */
export function tellLastAnswer({ last_attempt: last, skip_reason }: Listed): string {
  if (!last) return skip_reason === null ? '' : tellSkip(skip_reason);
  if (last.outcome === 'running') return 'under way';
  if (last.error !== null) return last.error.replaceAll('_', ' ');
  return last.http_status === null ? 'not seen' : String(last.http_status);
}

/** The place in the documentation that tells the rule behind a postback's state. */
export function ruleBehind({ state, skip_reason }: Told): string {
  if (state === 'superseded') return 'order';
  if (state === 'retrying' || state === 'scheduled') return 'attempts';
  if (state !== 'skipped') return 'success';
  if (skip_reason === 'no_ref_id') return 'ref-id';
  return skip_reason === 'status_off' ? 'words' : 'postback-url';
}

/** What a redelivery would do; undefined without settings to send it by. */
export function offerRedelivery({ state, status }: Told, settings: PostbackSettings | null): string | undefined {
  if (!settings) return undefined;
  const again = state === 'delivered' ? 'Your endpoint has taken it once and gets it again' : 'Your endpoint gets it';
  return `${again}, with the same postback_id, by ${settings.method} at the address that your settings name now: ${urlTemplateFor(settings, status)}`;
}

/** What became of a redelivery. */
export function tellRedelivery({ state, delivered, refused, skipped }: Replay): {
  tone: 'good' | 'bad' | 'busy';
  text: string;
} {
  if (state === 'running' || state === 'paused') return { tone: 'busy', text: 'It is being redelivered.' };
  if (delivered > 0) return { tone: 'good', text: 'Redelivered: your endpoint answered 200.' };
  if (refused > 0) return { tone: 'bad', text: 'It was refused again: the latest attempt below shows the answer.' };
  const why = skipped > 0 ? 'a newer status has overtaken it, or your settings do not send it' : 'it was cancelled';
  return { tone: 'bad', text: `It was not redelivered: ${why}.` };
}
