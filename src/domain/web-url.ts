export const MAX_URL_LENGTH = 2048;

const OUTBOUND_PORTS: readonly number[] = [80, 443, 8080, 8443];
const FIRST_UNPRIVILEGED_PORT = 1024;

/**
 * What makes a text unusable as an address on the web that someone else chose; null when nothing does.
 * Stricter than the URL parser, which forgives blanks, backslashes and missing slashes: what people read is what is called.
 */
export function findUrlProblem(text: string): string | null {
  const lengthProblem = findLengthProblem(text);
  if (lengthProblem !== null) return lengthProblem;
  if (/[\s\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return 'the URL contains blanks or control characters';
  if (!text.isWellFormed()) return 'the URL contains broken characters';
  if (text.includes('\\')) return 'the URL contains a backslash';
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) return 'the URL must start with http:// or https:// and a host';
  if (authority.includes('@')) return 'the URL must not carry a user name or password';
  if (!URL.canParse(text) || /^\.|\.\./.test(new URL(text).hostname)) {
    return 'the URL cannot be read: check the host and the port';
  }
  return new URL(text).port === '0' ? 'port 0 is not allowed' : null;
}

/** Null when a text is short enough for a URL. */
export function findLengthProblem(text: string): string | null {
  return text.length > MAX_URL_LENGTH ? `the URL is longer than ${MAX_URL_LENGTH} characters` : null;
}

/** What makes the port of a readable URL one that postbacks may not go to; null when nothing does. */
export function findOutboundPortProblem(text: string): string | null {
  const { port } = new URL(text);
  if (port === '' || OUTBOUND_PORTS.includes(Number(port)) || Number(port) >= FIRST_UNPRIVILEGED_PORT) return null;
  return `port ${port} is not allowed: use ${OUTBOUND_PORTS.join(', ')}, or ${FIRST_UNPRIVILEGED_PORT} and above`;
}
