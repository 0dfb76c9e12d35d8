import { isAscii } from 'node:buffer';

/**
 * The beginning of what a stranger's server sent, as text that a database can hold and a page can show:
 * UTF-8, well-formed, without NUL, at most `maxBytes` of UTF-8.
 */
export function toSafeText(bytes: Uint8Array, maxBytes: number): string {
  // Most are short and plain, and no decoder needs to be made for them.
  if (bytes.length <= maxBytes && isAscii(bytes) && !bytes.includes(0)) return latin1Of(bytes);
  const text = decodeStart(bytes, maxBytes).replaceAll('\0', '\uFFFD');
  // A byte that is no UTF-8 becomes a replacement of three.
  return decodeStart(Buffer.from(text), maxBytes);
}

function latin1Of({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

/** Decoding as a stream leaves out the character that the cut went through. */
function decodeStart(bytes: Uint8Array, maxBytes: number): string {
  return new TextDecoder().decode(bytes.subarray(0, maxBytes), { stream: bytes.length > maxBytes });
}
