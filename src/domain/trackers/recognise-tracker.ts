import type { TrackerId } from './tracker-preset.ts';

type Shape = { tracker: TrackerId; host?: RegExp; path?: RegExp; parameters?: string[] };

// Only what no other tracker has: `/postback?cid=` alone is Voluum's and BeMob's alike, so it names none of them.
// Keitaro and Orbitra share a shape, and all that is known of it.
const SHAPES: readonly Shape[] = [
  { tracker: 'peerclick', host: /^pstb\.peerclick\.com$/ },
  { tracker: 'affise', host: /\.affise\.com$/ },
  { tracker: 'swaarm', host: /\.swaarm-clients\.com$/ },
  { tracker: 'voluum', host: /(^|\.)voluumtrk\d*\.com$/ },
  { tracker: 'tune', path: /\/aff_lsr$/ },
  { tracker: 'scaleo', path: /\/track\/(conv(-change|-addchange)?|goal-by-click-id)$/ },
  { tracker: 'clickflare', path: /\/cf\/(cv|postback)$/ },
  { tracker: 'adsbridge', path: /\/trackpixel\/track$/ },
  { tracker: 'altercpa', path: /\/api\/site\/(click|status)\.json$/ },
  { tracker: 'funnelflux', path: /\/pb\/?$/, parameters: ['hit'] },
  { tracker: 'binom-1', path: /\/click\.php$/, parameters: ['cnv_id'] },
  { tracker: 'binom-2', path: /\/click$/, parameters: ['cnv_id'] },
  { tracker: 'cpv-lab', path: /\/adclick(\.php)?$/, parameters: ['subid'] },
  { tracker: 'redtrack', path: /\/postback$/, parameters: ['clickid', 'rdtk_event_id'] },
  { tracker: 'redtrack', path: /\/postback$/, parameters: ['clickid', 'sum'] },
  { tracker: 'affise', path: /\/postback$/, parameters: ['clickid', 'action_id'] },
  { tracker: 'keitaro', path: /\/[^/]+\/postback$/, parameters: ['subid'] },
  { tracker: 'everflow', path: /^\/$/, parameters: ['nid', 'transaction_id'] },
];

/** The tracker that a postback URL can only belong to; null when several could be meant, or none is known. */
export function recogniseTracker(url: URL): TrackerId | null {
  const found = SHAPES.find(
    ({ host, path, parameters = [] }) =>
      (host?.test(url.hostname) ?? true) &&
      (path?.test(url.pathname) ?? true) &&
      parameters.every((name) => url.searchParams.has(name)),
  );
  return found?.tracker ?? null;
}
