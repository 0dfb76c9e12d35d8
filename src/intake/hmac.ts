import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * HMAC-SHA-256 (RFC 2104) of short texts. Node's `createHmac` makes a native object for each text, which
 * costs an eighth of a click; two plain hashes make none. Guarded by a test against `createHmac`.
 *
 * @throws RangeError when a text takes more than `maxBytes`
 */
export function createHmacSha256(secret: string, maxBytes: number): (text: string) => Buffer {
  const key = toBlock(secret);
  const inner = Buffer.alloc(BLOCK_BYTES + maxBytes);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
  key.forEach((byte, index) => {
    inner[index] = byte ^ INNER_PAD;
    outer[index] = byte ^ OUTER_PAD;
  });
  return (text) => {
    if (Buffer.byteLength(text) > maxBytes) throw new RangeError(`A text to sign takes at most ${maxBytes} bytes.`);
    const bytes = inner.write(text, BLOCK_BYTES);
    outer.write(hash('sha256', inner.subarray(0, BLOCK_BYTES + bytes), 'binary'), BLOCK_BYTES, 'latin1');
    return Buffer.from(hash('sha256', outer, 'binary'), 'latin1');
  };
}

function toBlock(secret: string): Buffer {
  const given = Buffer.from(secret);
  const block = Buffer.alloc(BLOCK_BYTES);
  (given.length > BLOCK_BYTES ? hash('sha256', given, 'buffer') : given).copy(block);
  return block;
}
