import type { Knex } from 'knex';
import { asActor, noteAct, type Actor } from '../../db/audit.ts';
import { findEarlierJson } from '../../db/imports/earlier-json.ts';
import { readImport, type Import } from '../../db/imports/imports.ts';
import {
  beginReceiving,
  dropReceived,
  findSameImport,
  finishReceiving,
  insertChunks,
  isSameFile,
  readUsualMapping,
  type NewImport,
  type ReceivedFile,
} from '../../db/imports/receiving.ts';
import { rememberSignedRequest } from '../../db/imports/signed-requests.ts';
import { rememberFileAsSigned, wasSignedAsCall } from '../../db/statuses/signed-calls.ts';
import {
  findHeaderProblem,
  gatherColumns,
  listNames,
  type ColumnMapping,
  type Columns,
} from '../../domain/imports/columns.ts';
import type { FileRow } from '../../domain/imports/row.ts';
import { AppError } from '../../errors.ts';
import { newImportId } from '../../new-ids.ts';
import type { SignedAs } from '../origin.ts';
import { brokenFile, EmptyFileError } from './broken-file.ts';
import { createChunker } from './chunker.ts';
import { readRows, type FileFormat } from './read-rows.ts';
import { readText, type FileFacts } from './read-text.ts';

export type ReceiveDeps = {
  /** Its commits are on the disk when they are answered. */
  db: Knex;
  /** For the rows alone, whose commits need not be: the last commit, by `db`, takes them along. */
  chunkDb: Knex;
  maxRows: number;
  maxMegabytes: number;
};

export type GivenFile = Omit<NewImport, 'importId'> & {
  /** The columns that the caller names. */
  mapping: ColumnMapping;
  /** How its advertiser calls our parameters elsewhere, and whether it may leave the status out. */
  parameters: ColumnMapping;
  mayLackStatus: boolean;
  /** The admin who brings it; null for an advertiser's own, and for a pull. */
  actor: Actor | null;
  /** Chosen by whoever must know it beforehand. */
  importId?: string;
  /** What the file must be, where that was agreed. */
  format?: FileFormat | undefined;
  /** Asked in the transaction that makes the file count; a file that it throws on leaves nothing. */
  accept?: (trx: Knex, whole: { importId: string } & FileFacts) => Promise<void>;
};

/** `was_sent_before`: it is the import of the same file that came earlier, and nothing was begun. */
export type TakenImport = Import & { was_sent_before: boolean };

class SentBeforeError extends Error {
  override readonly name = 'SentBeforeError';
  readonly before: Import;

  constructor(before: Import) {
    super(`The file was sent before: it is that of import ${before.import_id}.`);
    this.before = before;
  }
}

/** A file as it comes. */
export type FileSource = {
  bytes: AsyncIterable<Uint8Array>;
  /** Ends well when nothing is wrong with what stood around the bytes. */
  finish(): Promise<void>;
  /** Of a file whose signature was asked for; to be asked after `finish`. */
  signedAs?(): SignedAs;
};

/**
 * Takes in a file while it comes: its rows are stored a few hundred at a time, whatever they say, and once the last one
 * is there, any process goes on with them. A file that breaks off, or cannot be read, leaves nothing; and so does one that
 * was imported before, by the same columns, unless it is to be imported again. A request that was signed is taken once: who
 * has seen it can send it again as long as its signature is good.
 *
 * @returns its import; that of the same file, or of the same signed request, where it was sent before
 * @throws AppError `invalid` or `too_large`, with what to do about the file, or `conflict` when it was signed as another call
 */
export async function receiveImport(deps: ReceiveDeps, file: GivenFile, source: FileSource): Promise<TakenImport> {
  const { importId = newImportId() } = file;
  await beginReceiving(deps.db, { ...file, importId });
  try {
    return { ...(await receive(deps, { importId, file, source })), was_sent_before: false };
  } catch (error) {
    // What cannot be dropped now is, when it has been there for an hour.
    await dropReceived(deps.db, importId).catch(() => undefined);
    if (error instanceof SentBeforeError) return { ...error.before, was_sent_before: true };
    throw error;
  }
}

async function receive(
  { db, chunkDb, maxRows, maxMegabytes }: ReceiveDeps,
  { importId, file, source }: { importId: string; file: GivenFile; source: FileSource },
): Promise<Import> {
  let facts: FileFacts = { bytes: 0, sha256: '' };
  const { format, header, rows } = await readRows(
    readText(source.bytes, { maxMegabytes, onEnd: (known) => (facts = known) }),
    file.format,
  );
  const headerProblem = header && findHeaderProblem(header);
  if (headerProblem) throw brokenFile(headerProblem);
  const { mapping: given, mayLackStatus, parameters } = file;
  const names = listNames(given, [await readUsualMapping(db, file.advertiserId), parameters]);
  const columns = gatherColumns({ names, given, mayLackStatus });
  if (header) {
    columns.see(header);
    takeMapping(columns);
  }
  const chunker = createChunker((chunks) => insertChunks(chunkDb, importId, chunks));
  for await (const batch of rows) {
    if (chunker.count() + batch.length > maxRows) throw tooManyRows(maxRows);
    if (!header) seeObjects(columns, batch);
    await chunker.add(batch);
  }
  await source.finish();
  const mapping = takeMapping(columns);
  await chunker.flush();
  if (chunker.count() === 0) throw new EmptyFileError('The file has no rows: there is nothing below its header.');
  const received = { ...facts, format, header, mapping, names: header ? null : names, rows: chunker.count() };
  return await finishOnce(db, { importId, file, received, signedAs: source.signedAs?.() });
}

/** Each object of JSON has columns of its own, so those of the file are known when its last one has come. */
function seeObjects(columns: Columns, rows: readonly FileRow[]): void {
  for (const row of rows) if (typeof row === 'object') columns.see(Object.keys(row));
}

/** @throws AppError `invalid` when columns are missing */
function takeMapping(columns: Columns): ColumnMapping {
  const mapping = columns.judge();
  if (!Array.isArray(mapping)) return mapping;
  throw new AppError('invalid', mapping.map(({ message }) => message).join(' '), { problems: mapping });
}

type Whole = {
  importId: string;
  file: Pick<GivenFile, 'actor' | 'accept' | 'again' | 'dryRun'>;
  received: ReceivedFile;
  signedAs: SignedAs | undefined;
};

/** @throws SentBeforeError */
async function finishOnce(db: Knex, whole: Whole): Promise<Import> {
  const { importId, received } = whole;
  const earlier = await findEarlier(db, whole);
  if (earlier) return await leaveTo(db, whole, earlier);
  for (;;) {
    try {
      return await finish(db, whole);
    } catch (error) {
      if (!isSameFile(error)) throw error;
      const before = await findSameImport(db, importId, received);
      // If that was cancelled at this moment, this one takes its place.
      if (before) return await leaveTo(db, whole, before);
    }
  }
}

async function findEarlier(db: Knex, { importId, file, received }: Whole): Promise<Import | undefined> {
  if (received.format === 'csv') return undefined;
  return await findEarlierJson(db, { importId, ...received }, { dryRun: file.dryRun });
}

/** @throws SentBeforeError */
async function leaveTo(db: Knex, whole: Whole, before: Import): Promise<never> {
  // It stays the same request when that import is cancelled.
  await db.transaction((trx) => rememberRequest(trx, { ...whole, importId: before.import_id }));
  throw new SentBeforeError(before);
}

/**
 * With `again` the file cannot show that it came before, so its webhook-id does, however often it is signed anew. Otherwise a
 * request that is signed anew may begin what was cancelled, or tried, before.
 *
 * @returns the import that the same request has become, if it has
 */
async function rememberRequest(
  db: Knex,
  { importId, file: { again }, signedAs }: Omit<Whole, 'received'>,
): Promise<string | undefined> {
  if (!signedAs) return undefined;
  const before = await rememberSignedRequest(db, { digest: again ? signedAs.call : signedAs.request, importId });
  if (before === undefined) await rememberFileAsSigned(db, signedAs.call);
  return before;
}

/** @throws SentBeforeError, or AppError `conflict` for what was a status call: R7 knows no order between the two */
async function takeOnce(trx: Knex, whole: Whole): Promise<void> {
  const { signedAs } = whole;
  if (!signedAs) return;
  const isCall = await wasSignedAsCall(trx, signedAs.call);
  const before = await rememberRequest(trx, whole);
  const known = before === undefined ? undefined : await readImport(trx, { importId: before });
  if (known) throw new SentBeforeError(known);
  if (isCall)
    throw new AppError('conflict', 'This was sent as a status call before: sign it under another webhook-id.');
}

async function finish(db: Knex, whole: Whole): Promise<Import> {
  const { importId, file, received } = whole;
  const { actor, accept } = file;
  if (!actor) {
    return await db.transaction(async (trx) => {
      await takeOnce(trx, whole);
      await accept?.(trx, { importId, bytes: received.bytes, sha256: received.sha256 });
      return await finishReceiving(trx, importId, received);
    });
  }
  return await asActor(db, actor, async (trx) => {
    const taken = await finishReceiving(trx, importId, received);
    const { advertiser_id, dry_run, notify, rows, file_name } = taken;
    const after = { advertiser_id, dry_run, notify, rows, file_name };
    await noteAct(trx, { action: 'upload', subjectType: 'import', subjectId: importId, after });
    return taken;
  });
}

function tooManyRows(maxRows: number): AppError {
  return new AppError('too_large', `The file has more than ${maxRows} rows: split it into several files.`);
}
