import type { PostbackSettings, SettingsProblem } from '../postbacks/postback-settings.ts';
import type { PresetField, TrackerPreset } from './tracker-preset.ts';

/** The partner's own values, by the names of the preset's fields. */
export type PresetValues = Readonly<Record<string, string>>;

const OWN_VALUE = /<(\w+)>/g;
// A host, perhaps with a port and a folder, such as track.example.com:8443/binom.
const ADDRESS = /^[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?(?::\d{1,5})?(?:\/[\w.~-]+)*$/u;

/** What is wrong with the partner's values; empty when they make settings. `field` is the name of the preset's field. */
export function checkPresetValues(preset: TrackerPreset, values: PresetValues): SettingsProblem[] {
  return preset.fields.flatMap((field) => {
    const value = cleanValue(field, values[field.name] ?? '');
    if (value === '') return [{ field: field.name, message: `give the ${field.label}, such as ${field.example}` }];
    if (field.kind === 'value' || ADDRESS.test(value)) return [];
    return [{ field: field.name, message: `"${value}" is not an address: write it like ${field.example}` }];
  });
}

/**
 * The settings that a preset becomes with the partner's own values, for the partner to look at and to save.
 * They still have to pass the check of settings, as any others.
 *
 * @throws RangeError for values that {@link checkPresetValues} refuses
 */
export function settingsFromPreset(preset: TrackerPreset, values: PresetValues): PostbackSettings {
  const [problem] = checkPresetValues(preset, values);
  if (problem) throw new RangeError(`Preset ${preset.id}: ${problem.message}`);
  const fill = (url: string) => fillOwnValues(preset, url, values);
  const ownUrls = Object.entries(preset.url_by_status).map(([status, url]) => [status, fill(url)]);
  return {
    url: fill(preset.url),
    method: preset.method,
    body: preset.method === 'POST' ? 'form' : null,
    statuses: [...preset.send],
    status_words: { ...preset.status_words },
    status_urls: Object.fromEntries(ownUrls) as PostbackSettings['status_urls'],
    handover: false,
    tracker: preset.id,
  };
}

/**
 * The link that the partner puts into its tracker; the macro stays as the tracker writes it.
 * Without a macro, or with a preset whose macro is not known, its place is shown by `CLICK_ID`.
 *
 * @param publicUrl without a slash at its end
 */
export function buildReferralLink(
  publicUrl: string,
  partnerId: string,
  preset: Pick<TrackerPreset, 'link_macro'> | null,
): string {
  return `${publicUrl}/${partnerId}/?ref_id=${preset?.link_macro ?? 'CLICK_ID'}`;
}

function fillOwnValues(preset: TrackerPreset, url: string, values: PresetValues): string {
  return url.replace(OWN_VALUE, (_placeholder, name: string) => {
    const field = preset.fields.find((each) => each.name === name);
    if (!field) throw new RangeError(`Preset ${preset.id} has no field ${name}`);
    const value = cleanValue(field, values[name] ?? '');
    return field.kind === 'address' ? value : encodeURIComponent(value.toWellFormed());
  });
}

/** People paste whole addresses: the scheme, and the slash or path of a root, are not theirs to think about. */
function cleanValue({ kind }: PresetField, given: string): string {
  const value = given.trim();
  return kind === 'address' ? value.replace(/^https?:\/\//i, '').replace(/\/+$/, '') : value;
}
