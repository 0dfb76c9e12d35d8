import { createHash } from 'node:crypto';
import { AppError } from '../../errors.ts';

/** What is known of a file when its last byte has come. */
export type FileFacts = { bytes: number; sha256: string };

const MEGABYTE = 1_000_000;
const LEAST_PIECE = 16 * 1024;
const UTF8 = `In Excel, save it as "CSV UTF-8"; other programs let you choose the encoding when they export.`;

const BEGINNINGS: { bytes: number[]; what: string }[] = [
  { bytes: [0x50, 0x4b, 0x03, 0x04], what: 'an Excel workbook or another archive, not text' },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], what: 'an old Excel workbook, not text' },
  { bytes: [0x1f, 0x8b], what: 'compressed: send it uncompressed' },
  { bytes: [0xff, 0xfe], what: 'UTF-16, not UTF-8' },
  { bytes: [0xfe, 0xff], what: 'UTF-16, not UTF-8' },
];

/**
 * The text of a file, piece by piece as its bytes come; a byte order mark is taken off.
 *
 * @param onEnd hears of the whole file
 * @throws AppError `too_large`, or `invalid` for what is not UTF-8
 */
export async function* readText(
  source: AsyncIterable<Uint8Array>,
  { maxMegabytes, onEnd }: { maxMegabytes: number; onEnd: (facts: FileFacts) => void },
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of inLargePieces(source)) {
    if (bytes === 0) refuseOtherKinds(piece);
    const before = bytes;
    bytes += piece.byteLength;
    if (bytes > maxMegabytes * MEGABYTE) throw tooLarge(maxMegabytes);
    hash.update(piece);
    const text = decode(() => decoder.decode(piece, { stream: true }), before);
    if (text !== '') yield text;
  }
  const rest = decode(() => decoder.decode(), bytes);
  onEnd({ bytes, sha256: hash.digest('hex') });
  if (rest !== '') yield rest;
}

/** @returns the refusal of a file over so many megabytes */
export function tooLarge(maxMegabytes: number): AppError {
  return new AppError('too_large', `The file is larger than ${maxMegabytes} MB: split it into several files.`);
}

/** Whoever sends a file byte by byte must not have each of its beginnings looked at. */
async function* inLargePieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let length = 0;
  for await (const piece of source) {
    gathered.push(piece);
    length += piece.byteLength;
    if (length < LEAST_PIECE) continue;
    yield Buffer.concat(gathered);
    gathered = [];
    length = 0;
  }
  yield Buffer.concat(gathered);
}

function refuseOtherKinds(piece: Uint8Array): void {
  const kind = BEGINNINGS.find(({ bytes }) => bytes.every((byte, index) => piece[index] === byte));
  if (kind) throw unreadable(`The file is ${kind.what}.`);
}

function decode(read: () => string, byte: number): string {
  try {
    return read();
  } catch (cause) {
    throw unreadable(`The file is not UTF-8 text: the bytes after ${byte} cannot be read.`, cause);
  }
}

function unreadable(what: string, cause?: unknown): AppError {
  return new AppError('invalid', `${what} ${UTF8}`, { cause, problems: [{ field: 'file', message: what }] });
}
