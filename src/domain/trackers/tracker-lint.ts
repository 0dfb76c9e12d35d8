import type { PostbackSettings } from '../postbacks/postback-settings.ts';
import type { CalledUrl, SettingsWarning } from '../postbacks/settings-warning.ts';
import type { Status } from '../status.ts';
import type { TrackerPreset } from './tracker-preset.ts';

/** What one tracker would make of the settings that costs its user money. */
export function lintForTracker(
  preset: TrackerPreset,
  settings: PostbackSettings,
  called: readonly CalledUrl[],
): SettingsWarning[] {
  return [
    ...lintSwitches(preset, settings),
    ...called.flatMap((call) => [
      ...lintTransactionId(preset, settings, call),
      ...lintWords(preset, settings, call),
      ...lintTraps(preset, call),
    ]),
  ];
}

function lintSwitches({ name, send }: TrackerPreset, { statuses, status_urls }: PostbackSettings): SettingsWarning[] {
  const warnings: SettingsWarning[] = [];
  if (send.includes('rejected') && statuses.includes('approved') && !statuses.includes('rejected')) {
    const message = `rejected is switched off: a sale that is taken back would stay in ${name} as money earned`;
    warnings.push({ code: 'status_off', field: 'statuses', message });
  }
  for (const status of statuses.filter((each) => !send.includes(each) && status_urls[each] === undefined)) {
    const message = `${name} would take ${status} for a sale, or drop the approved that follows: switch ${status} off`;
    warnings.push({ code: 'status_not_wanted', field: 'statuses', message });
  }
  return warnings;
}

function lintTransactionId(
  { name, url, url_by_status }: TrackerPreset,
  { method }: PostbackSettings,
  call: CalledUrl,
): SettingsWarning[] {
  const template = call.statuses.map((status) => url_by_status[status])[0] ?? url;
  const parameter = /[?&](\w+)=\{conversion_id\}/.exec(template)?.[1];
  if (method === 'POST' || parameter === undefined) return [];
  const value = call.url.searchParams.get(parameter) ?? '';
  // The other id that changes with every status has a warning of its own.
  if (/\{(conversion_id|postback_id)\}/.test(value)) return [];
  const message = `without ${parameter}={conversion_id} ${name} cannot tell two conversions of one visit apart`;
  return [{ code: 'missing_transaction_id', field: call.field, message }];
}

function lintWords(preset: TrackerPreset, settings: PostbackSettings, call: CalledUrl): SettingsWarning[] {
  const { known_words: known, name } = preset;
  const isSaid = settings.method === 'POST' || call.template.includes('{status}');
  if (known === null || !isSaid) return [];
  const words = [...known, ...listMappedWords(call.url)];
  return call.statuses.flatMap((status: Status) => {
    const word = settings.status_words[status] ?? status;
    if (words.includes(word)) return [];
    const other = words.find((each) => each.toLowerCase() === word.toLowerCase());
    const advice = other === undefined ? `it knows ${words.join(', ')}` : `it writes ${other}`;
    const message = `${name} does not know the word "${word}" for ${status}: ${advice}`;
    return [{ code: 'unknown_word', field: `status_words.${status}`, message }];
  });
}

/** Keitaro, Orbitra and Scaleo read words of any kind when the URL says what they mean: `sale_status=approved,paid`. */
function listMappedWords(url: URL): string[] {
  const lists = [...url.searchParams].filter(([name]) => /^[a-z]+_status$/.test(name) && name !== 'conv_status');
  return lists.flatMap(([, list]) => list.split(/[,;]/).map((word) => word.trim()));
}

function lintTraps({ id }: TrackerPreset, { field, url }: CalledUrl): SettingsWarning[] {
  const given = url.searchParams;
  if (
    id === 'everflow' &&
    url.pathname.endsWith('/reversal') &&
    given.has('transaction_id') &&
    !given.has('event_id')
  ) {
    const message = 'without event_id=0 Everflow takes back everything that this visit ever brought: add event_id=0';
    return [{ code: 'reversal_of_all', field, message }];
  }
  if (id === 'cpv-lab' && given.get('cladd') === 'true') {
    const message = 'with cladd=true the revenue of every status is added to the one before: take it out';
    return [{ code: 'payouts_add_up', field, message }];
  }
  return [];
}
