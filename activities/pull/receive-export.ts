import type { Knex } from 'knex';
import {
  endPull,
  endWithImport,
  noteReceiving,
  type BegunPull,
  type EndedPull,
  type FetchedExport,
} from '../../src/db/pulls/pulls.ts';
import type { PullAnswer, PullProblem } from '../../src/domain/pulls/pull.ts';
import { PLAIN_VOCABULARY } from '../../src/domain/vocabulary.ts';
import { AppError } from '../../src/errors.ts';
import { EmptyFileError } from '../../src/intake/files/broken-file.ts';
import { receiveImport, type ReceiveDeps } from '../../src/intake/files/receive-import.ts';
import { newImportId } from '../../src/new-ids.ts';
import { FetchError, isValidator, type FetchedFile, type FileClient } from '../../src/outbound/fetch-file.ts';
import { openSealed } from '../../src/sealed-text.ts';

export type ReceiveExportDeps = ReceiveDeps & {
  client: Pick<FileClient, 'fetch'>;
  /** By which stored headers can be read. */
  headerKeys: readonly string[];
};

const USER_AGENT = 'Cashcat-Pull/1.0';
const ACCEPT = 'text/csv, application/json, application/x-ndjson, text/plain, */*;q=0.5';
const OK = 200;
const NOT_MODIFIED = 304;
const MAX_NAME_LENGTH = 200;

/** The export is what was imported last. */
class UnchangedError extends Error {
  override readonly name = 'UnchangedError';
  readonly file: { bytes: number; sha256: string };

  constructor(file: { bytes: number; sha256: string }) {
    super('The export is what was imported last.');
    this.file = file;
  }
}

class SettingsChangedError extends Error {
  override readonly name = 'SettingsChangedError';
}

/**
 * One attempt: fetches an export, row by row into an import that counts once the last row is there. What breaks off, or was
 * imported before, leaves nothing.
 *
 * @returns how the pull ended, or what went wrong
 */
export async function receiveExport(
  deps: ReceiveExportDeps,
  begun: BegunPull,
  signal: AbortSignal,
): Promise<EndedPull | PullAnswer> {
  const headers = readHeaders(begun, deps.headerKeys);
  if (!headers) return problemOf('headers_unreadable');
  try {
    const file = await deps.client.fetch({ url: begun.url, headers, signal });
    const answer = judgeAnswer(file, begun);
    if (answer === 'unchanged') return await endUnchanged(deps.db, begun, { httpStatus: file.httpStatus });
    if (answer !== 'file') return leave(file, answer);
    return await importExport(deps, begun, file);
  } catch (error) {
    return explainFailure(error);
  }
}

function readHeaders(begun: BegunPull, keys: readonly string[]): Record<string, string> | undefined {
  const { sealedHeaders, advertiserId } = begun;
  const opened = sealedHeaders === null ? '{}' : openSealed(sealedHeaders, { keys, context: advertiserId });
  if (opened === undefined) return undefined;
  return {
    'user-agent': USER_AGENT,
    accept: ACCEPT,
    ...lowerNames(JSON.parse(opened) as Record<string, string>),
    'accept-encoding': 'identity',
    ...validatorsOf(begun),
  };
}

/** What asks for the export only if it is another than the last; empty when nothing of the last can ask so. */
function validatorsOf({ last }: BegunPull): Record<string, string> {
  const headers = { 'if-none-match': last?.etag, 'if-modified-since': last?.lastModified };
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value && isValidator(value) ? [[name, value]] : [])),
  );
}

/** So that what was agreed with the advertiser replaces what we would say ourselves. */
function lowerNames(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function judgeAnswer(
  { httpStatus, location, encoding }: FetchedFile,
  begun: BegunPull,
): 'file' | 'unchanged' | PullAnswer {
  // Unasked for, it would be a strange answer.
  if (httpStatus === NOT_MODIFIED && Object.keys(validatorsOf(begun)).length > 0) return 'unchanged';
  if (httpStatus > 300 && httpStatus < 400 && httpStatus !== NOT_MODIFIED)
    return { httpStatus, problem: 'redirect', detail: location };
  if (httpStatus !== OK) return { httpStatus, problem: 'http_status', detail: null };
  return encoding === null ? 'file' : { httpStatus, problem: 'compressed', detail: null };
}

function leave(file: FetchedFile, answer: PullAnswer): PullAnswer {
  file.leave();
  return answer;
}

async function importExport(
  deps: ReceiveExportDeps,
  begun: BegunPull,
  file: FetchedFile,
): Promise<EndedPull | PullAnswer> {
  const { advertiserId, notify, mapping, format, pullId } = begun;
  const { parameters, default_status: standard } = begun.vocabulary ?? PLAIN_VOCABULARY;
  const importId = newImportId();
  await noteReceiving(deps.db, begun, importId);
  // Whether it was imported before is judged by what was pulled last: an export may come to say again what it said once.
  const given = {
    ...{ importId, advertiserId, notify, mapping, parameters, mayLackStatus: standard !== null },
    ...{ source: 'pull' as const, dryRun: false, again: true, actor: null, fileName: nameOf(begun.url) },
    format: format === 'auto' ? undefined : format,
    accept: (trx: Knex, whole: Pick<FetchedExport, 'importId' | 'bytes' | 'sha256'>) =>
      accept(trx, begun, { ...file, ...whole }),
  };
  try {
    const { bytes } = await receiveImport(deps, given, { bytes: file.bytes, finish: () => Promise.resolve() });
    return { ...problemOf(null, file.httpStatus), pullId, result: 'imported', importId, bytes };
  } catch (error) {
    if (error instanceof UnchangedError) {
      return await endUnchanged(deps.db, begun, { httpStatus: file.httpStatus, ...error.file });
    }
    if (error instanceof EmptyFileError) return await endUnchanged(deps.db, begun, { httpStatus: file.httpStatus });
    if (error instanceof SettingsChangedError) return await endSkipped(deps.db, begun, file.httpStatus);
    return { ...explainFailure(error), httpStatus: file.httpStatus };
  } finally {
    file.leave();
  }
}

async function accept(trx: Knex, begun: BegunPull, fetched: FetchedExport): Promise<void> {
  const { importId, bytes, sha256, httpStatus, etag, lastModified } = fetched;
  if (sha256 === begun.last?.sha256) throw new UnchangedError({ bytes, sha256 });
  const hasEnded = await endWithImport(trx, begun, { importId, bytes, sha256, httpStatus, etag, lastModified });
  if (!hasEnded) throw new SettingsChangedError(`Pull ${begun.pullId} goes by settings that hold no more.`);
}

type Unchanged = { httpStatus: number; bytes?: number; sha256?: string };

async function endUnchanged(db: Knex, begun: BegunPull, { httpStatus, ...file }: Unchanged): Promise<EndedPull> {
  const answer = problemOf(null, httpStatus);
  await endPull(db, begun, { ...answer, ...file, result: 'unchanged' });
  return { ...answer, pullId: begun.pullId, result: 'unchanged', importId: null, bytes: file.bytes ?? null };
}

async function endSkipped(db: Knex, begun: BegunPull, httpStatus: number): Promise<EndedPull> {
  const answer = problemOf('settings_changed', httpStatus);
  await endPull(db, begun, { ...answer, result: 'skipped' });
  return { ...answer, pullId: begun.pullId, result: 'skipped', importId: null, bytes: null };
}

/** @throws what is a failure of ours */
function explainFailure(error: unknown): PullAnswer {
  if (error instanceof FetchError) return problemOf(error.problem);
  if (error instanceof AppError && (error.kind === 'invalid' || error.kind === 'too_large')) {
    return { httpStatus: null, problem: 'broken_file', detail: error.message };
  }
  throw error;
}

function problemOf(problem: PullProblem | null, httpStatus: number | null = null): PullAnswer {
  return { httpStatus, problem, detail: null };
}

/** What people know the file by: the end of the path, without what a query may hold of secrets. */
function nameOf(url: string): string | null {
  const name = new URL(url).pathname.split('/').at(-1) ?? '';
  return name === ''
    ? null
    : decode(name)
        .replace(/[\p{Cc}\ufffd]/gu, '')
        .slice(0, MAX_NAME_LENGTH);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
