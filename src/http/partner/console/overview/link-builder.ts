import { buildReferralLink } from '../../../../domain/trackers/fill-preset.ts';
import { findPreset, trackerPresets } from '../../../../domain/trackers/presets.ts';

/** The referral link as a tracker wants it. */
export type LinkBuilder = {
  tracker: string;
  trackers: { value: string; label: string }[];
  link: string;
  note: string;
};

const OTHER = { value: '', label: 'Another tracker, or none' };

/** @param tracker the one that was chosen; undefined for the one that the postbacks go to */
export function buildLinks(publicUrl: string, partnerId: string, tracker: string | null | undefined): LinkBuilder {
  const preset = findPreset(tracker) ?? null;
  return {
    tracker: preset?.id ?? '',
    trackers: [OTHER, ...trackerPresets.map(({ id, name }) => ({ value: id, label: name }))],
    link: buildReferralLink(publicUrl, partnerId, preset),
    note: preset?.link_macro
      ? `${preset.name} fills in ${preset.link_macro} for each visit.`
      : "Put your tracker's macro for the click id, or your own id of the visit, in place of CLICK_ID: at most 32 characters.",
  };
}
