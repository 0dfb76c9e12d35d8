import busboy from 'busboy';
import type { Request } from 'express';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../errors.ts';
import { pauseUnlessAborted } from '../../pause.ts';

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

/** Hears of a whole body, all that is around its file included. */
export type BodyWatcher = {
  onBytes(bytes: Uint8Array): void;
  /** The last byte has come, also of a body that was refused before that. */
  onEnd(): void;
};

/** The body of a request. Whoever stops reading it leaves the rest, and may still answer on the same connection. */
export type Body = AsyncIterable<Uint8Array> & {
  /** Reads what is left, for the watcher alone; ends well also when it breaks off or takes longer. */
  readRest(withinMs: number): Promise<void>;
};

const NOBODY: BodyWatcher = { onBytes: () => undefined, onEnd: () => undefined };

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
 * @throws AppError `malformed` when there is no file
 */
export async function openUpload(req: Request, body: Body = readBody(req)): Promise<Upload> {
  req.setTimeout(IDLE_MS, () => req.destroy(new Error('The upload did not go on.')));
  if ((req.headers['content-encoding'] ?? 'identity') !== 'identity') throw malformed('Send the file uncompressed.');
  if (req.is('multipart/form-data') !== false) return await openForm(req, body);
  if (req.headers['content-type'] !== undefined && req.is(PLAIN_TYPES) === false) {
    throw malformed(
      'Send the file as text/csv, application/x-ndjson or application/json, or in a form as multipart/form-data.',
    );
  }
  const file = { bytes: body, finish: () => Promise.resolve() };
  return { fields: {}, fileName: null, declaredBytes: declaredBytes(req), ...file };
}

/** To be read by nobody else. */
export function readBody(req: Request, watcher = NOBODY): Body {
  const pieces = watchBody(req, watcher);
  const next = () => pieces.next();
  return {
    [Symbol.asyncIterator]: () => ({ next }),
    async readRest(withinMs) {
      const ended = new AbortController();
      // It goes on until the connection is closed, and nobody asks how it ended.
      const stop = () => ended.abort();
      readToEnd(next).then(stop, stop);
      await pauseUnlessAborted(withinMs, ended.signal);
    },
  };
}

async function readToEnd(next: () => Promise<IteratorResult<Uint8Array>>): Promise<void> {
  while ((await next()).done !== true);
}

async function openForm(req: Request, body: AsyncIterable<Uint8Array>): Promise<Upload> {
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
  const piped = pipeline(body, form);
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

async function* watchBody(req: Request, watcher: BodyWatcher): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of piecesOf(req)) {
      watcher.onBytes(bytes);
      yield bytes;
    }
  } catch (cause) {
    throw malformed('The body broke off before its end.', cause);
  }
  watcher.onEnd();
}

/** Whoever stops reading may still answer on the same connection. */
function piecesOf(stream: Readable): AsyncIterable<Uint8Array> {
  return stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

async function* bytesOfForm(file: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* piecesOf(file);
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
