// Counts the repeats of a visit in its own address, which also works without cookies. Partners' parameters have other names,
// and nothing reads or keeps this one as theirs.
const COUNTER = '_again';
const MOST_REPEATS = 5;
const FIRST_PAUSE_SECONDS = 2;
// Longer headers are refused by usual proxies.
const MAX_QUERY_LENGTH = 2000;

/**
 * The header `Refresh` by which a browser makes the same visit again: after 2 seconds or a little more, then 4, and so on,
 * up to twice as long, so that not all who met an outage come back at the same moment.
 *
 * @param url of the request
 * @returns undefined when it has been repeated often enough
 */
export function planRepeat(url: string, random: () => number = Math.random): string | undefined {
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  const sent = query.split('&').filter((part) => part !== '');
  const counters = sent.filter((part) => part.startsWith(`${COUNTER}=`));
  const repeats = Number(/=(\d{1,9})$/.exec(counters[0] ?? '')?.[1] ?? 0);
  if (repeats >= MOST_REPEATS || query.length > MAX_QUERY_LENGTH) return undefined;
  const seconds = FIRST_PAUSE_SECONDS * (repeats + 1) * (1 + random());
  const others = sent.filter((part) => !counters.includes(part));
  // Without a path it stays on the same page: a path that begins with two slashes would name another host.
  return `${Math.floor(seconds)}; url=?${[...others, `${COUNTER}=${repeats + 1}`].join('&')}`;
}
