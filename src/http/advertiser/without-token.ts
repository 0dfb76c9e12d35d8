const MARK = '[token]';
// What is shorter is no secret, and may stand anywhere by chance.
const SHORTEST_SECRET = 16;
// Ours, each with its prefix; in a query a plus is read as a space.
const OUR_SECRETS = /\b(?:(?:at|ck|ak)_[A-Za-z0-9]{24,}|whsec_[A-Za-z0-9+/= ]{16,})/g;

/** The token of a call, and the parameters that an advertiser sends it in, in lower case or not. */
type Secret = { names: readonly string[]; token: string };

type Sent = Readonly<Record<string, unknown>>;

/**
 * A copy that can be kept: without anything that is called like a token, without this token wherever else it was written, if
 * it is long enough to be one, and without whatever else looks like a secret of ours. Knowing what is stored must not be
 * enough to report in an advertiser's name.
 */
export function withoutToken<T>(given: T, { names, token }: Secret): T {
  const hidden = names.map((name) => name.toLowerCase());
  return copy(given) as T;

  function copy(value: unknown): unknown {
    if (typeof value === 'string') return maskText(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(copy);
    const kept: [string, unknown][] = [];
    for (const name of Object.keys(value)) {
      if (!hidden.includes(name.toLowerCase())) kept.push([copy(name) as string, copy((value as Sent)[name])]);
    }
    return Object.fromEntries(kept);
  }

  function maskText(text: string): string {
    const masked = token.length < SHORTEST_SECRET ? text : text.replaceAll(token, MARK);
    return masked.replace(OUR_SECRETS, '[secret]');
  }
}
