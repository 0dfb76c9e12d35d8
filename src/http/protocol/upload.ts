import busboy from 'busboy';
import type { Request } from 'express';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../errors.ts';

/** A file that is coming in, and what came with it. */
export type Upload = {
  /** The fields of the form that stood before the file. */
  fields: Record<string, string>;
  fileName: string | null;
  /** What the header says that the body holds; 0 when it says nothing. */
  declaredBytes: number;
  /** Throws while it is read when the upload breaks off. */
  bytes: AsyncIterable<Uint8Array>;
  /** To be awaited when all bytes have been read. @throws AppError when something follows that nobody would look at */
  finish(): Promise<void>;
};

type OnBytes = (bytes: Uint8Array) => void;

const PLAIN_TYPES = [
  ...['text/*', 'application/csv', 'application/vnd.ms-excel', 'application/octet-stream'],
  ...['application/json', 'application/x-ndjson', 'application/jsonl', 'application/ndjson'],
];
const MAX_FIELDS = 20;
const MAX_FIELD_BYTES = 8 * 1024;
const MAX_NAME_LENGTH = 200;
// A file that does not come on for so long holds a place that others need.
const IDLE_MS = 30_000;

/**
 * The file in a request: its body as it is, or the one file of a form. Nothing of it is held in memory; it is read as fast
 * as it is taken.
 *
 * @param onBytes hears of each part of the body, all that is around the file included
 * @throws AppError `malformed` when there is no file
 */
export async function openUpload(req: Request, onBytes: OnBytes = () => undefined): Promise<Upload> {
  req.setTimeout(IDLE_MS, () => req.destroy(new Error('The upload did not go on.')));
  if ((req.headers['content-encoding'] ?? 'identity') !== 'identity') throw malformed('Send the file uncompressed.');
  if (req.is('multipart/form-data') !== false) return await openForm(req, onBytes);
  if (req.headers['content-type'] !== undefined && req.is(PLAIN_TYPES) === false) {
    throw malformed(
      'Send the file as text/csv, application/x-ndjson or application/json, or in a form as multipart/form-data.',
    );
  }
  const bytes = bytesOf(req, onBytes);
  return { fields: {}, fileName: null, declaredBytes: declaredBytes(req), bytes, finish: () => Promise.resolve() };
}

async function openForm(req: Request, onBytes: OnBytes): Promise<Upload> {
  const form = createForm(req);
  const fields: Record<string, string> = {};
  let isFileOpen = false;
  let follows = false;
  form.on('field', (name, value, { valueTruncated }) => {
    if (isFileOpen || valueTruncated) follows = true;
    else fields[name] = value;
  });
  const opened = new Promise<{ file: Readable; fileName: string | null }>((resolve, reject) => {
    form.on('file', (_name, file, { filename }) => {
      // A form that breaks off breaks its file before anybody reads it, and an error that nobody hears ends the process.
      file.on('error', () => undefined);
      if (isFileOpen) {
        follows = true;
        file.resume();
        return;
      }
      isFileOpen = true;
      resolve({ file, fileName: cleanName(filename) });
    });
    form.on('filesLimit', () => (follows = true));
    form.on('close', () => reject(malformed('The form has no file: add one, in a field such as file.')));
    form.on('error', (cause) => reject(malformed('The form cannot be read.', cause)));
  });
  const piped = pipeline(bytesOf(req, onBytes), form);
  // Whoever reads the file, or waits for the end, hears of it.
  piped.catch(() => undefined);
  const { file, fileName } = await opened;
  return {
    fields,
    fileName,
    declaredBytes: declaredBytes(req),
    bytes: bytesOfForm(file),
    async finish() {
      await piped.catch((cause: unknown) => {
        throw malformed('The form cannot be read to its end.', cause);
      });
      if (follows) throw malformed('Send one file, as the last field of the form, after all others.');
    },
  };
}

function createForm({ headers }: Request): busboy.Busboy {
  try {
    const limits = { files: 1, fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES, fieldNameSize: 100 };
    return busboy({ headers, limits, defParamCharset: 'utf8' });
  } catch (cause) {
    throw malformed('The form cannot be read: its Content-Type must name its boundary.', cause);
  }
}

function declaredBytes({ headers }: Request): number {
  return Number(headers['content-length'] ?? 0);
}

/** Whoever stops reading may still answer on the same connection. */
async function* bytesOf(stream: Readable, onBytes: OnBytes): AsyncGenerator<Uint8Array> {
  for await (const bytes of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    onBytes(bytes);
    yield bytes;
  }
}

async function* bytesOfForm(file: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* bytesOf(file, () => undefined);
  } catch (cause) {
    throw malformed('The form cannot be read to its end.', cause);
  }
}

/** A name is hostile text; nothing is ever looked up by it. */
function cleanName(name: string | undefined): string | null {
  const clean = (name ?? '')
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .slice(0, MAX_NAME_LENGTH)
    .toWellFormed();
  return clean === '' ? null : clean;
}

function malformed(message: string, cause?: unknown): AppError {
  return new AppError('malformed', message, { cause });
}
