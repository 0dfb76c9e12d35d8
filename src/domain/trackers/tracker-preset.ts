import type { Status } from '../status.ts';

/** The trackers that there is a preset for; also what settings may name as their receiver. */
export const trackerIds = [
  'keitaro',
  'orbitra',
  'binom-1',
  'binom-2',
  'voluum',
  'redtrack',
  'bemob',
  'peerclick',
  'clickflare',
  'funnelflux',
  'adsbridge',
  'cpv-lab',
  'affise',
  'tune',
  'scaleo',
  'everflow',
  'swaarm',
  'altercpa',
] as const;

export type TrackerId = (typeof trackerIds)[number];

/** What only the partner knows, such as the host of its tracker; stands in a preset's URLs as `<name>`. */
export type PresetField = {
  name: string;
  label: string;
  example: string;
  /** An address is a host, with a port or a folder behind it if need be; a value is any text, percent-encoded. */
  kind: 'address' | 'value';
};

/**
 * How one tracker is told of conversions. Plain data: it leaves the program as it is.
 * URLs hold our macros (`{ref_id}`) and the partner's own values (`<domain>`).
 */
export type TrackerPreset = {
  id: TrackerId;
  name: string;
  /** The tracker's own macro for its click id, which belongs behind `?ref_id=` in the referral link; null: not known. */
  link_macro: string | null;
  method: 'GET' | 'POST';
  /** For every status that has no URL of its own. */
  url: string;
  /** Own URLs for single statuses. */
  url_by_status: Partial<Record<Status, string>>;
  fields: PresetField[];
  /** The statuses that the tracker can make use of. A status that is not among them would harm its figures. */
  send: Status[];
  /** The tracker's words for our statuses, where they differ. */
  status_words: Partial<Record<Status, string>>;
  /** Every word that the tracker knows by itself, if there is such a list; null when its words are free or set up there. */
  known_words: string[] | null;
  /** The macro by which the tracker tells a repeated postback from a new conversion; null when it has no field for one. */
  dedupe_macro: '{conversion_id}' | null;
  /** One sentence: what has to be ticked or checked in the tracker. */
  success_note: string;
  setup_steps: string[];
  /** What the partner should know before it relies on this; null when there is nothing. */
  caution: string | null;
  docs_url: string;
  /** The day on which the source was read; null when no source of the tracker's own was found for it. */
  verified_at: string | null;
  /** What could not be verified, in words; null when everything was. */
  unverified: string | null;
};
