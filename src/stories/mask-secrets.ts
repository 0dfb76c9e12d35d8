// Keys, tokens and signing secrets, each with its prefix; what is shown of them is what we show ourselves.
const SECRET = /\b((?:ck|at|ak)_[A-Za-z0-9]{6}|whsec_)[A-Za-z0-9+/=_-]{16,}/g;

/** Hides secrets of ours that a partner has put into a URL, or an endpoint has sent back. */
export function maskSecrets(text: string): string {
  return text.replace(SECRET, '$1…');
}
