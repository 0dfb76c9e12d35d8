import type { Request } from 'express';
import type { Actor } from '../../db/audit.ts';
import type { ColumnMapping } from '../../domain/imports/columns.ts';
import type { ImportSource } from '../../domain/imports/import.ts';
import { PLAIN_VOCABULARY, type Vocabulary } from '../../domain/vocabulary.ts';
import { AppError } from '../../errors.ts';
import { receiveImport, type ReceiveDeps, type TakenImport } from '../../intake/files/receive-import.ts';
import { tooLarge } from '../../intake/files/read-text.ts';
import type { Upload } from '../protocol/upload.ts';

/** Whose file it is, and what was said of it. */
export type FileOptions = {
  advertiserId: string;
  vocabulary?: Vocabulary | null;
  source: ImportSource;
  /** The admin who brings it; nobody for an advertiser's own. */
  actor?: Actor | null;
  dryRun: boolean;
  notify: boolean;
  again: boolean;
  mapping: ColumnMapping;
};

export type FileTaker = {
  limits: Pick<ReceiveDeps, 'maxRows' | 'maxMegabytes'>;
  /** Has a place for a file. @throws AppError `too_many` when too many files are coming in */
  take(upload: Upload, options: FileOptions, declaredBytes: number): Promise<TakenImport>;
};

// Each holds some chunks in memory and a connection now and then.
const FILES_AT_ONCE = 4;
const MEGABYTE = 1_000_000;

/** What all doors for files share: a bound for how many come in at once in this process. */
export function createFileTaker(deps: ReceiveDeps): FileTaker {
  const { maxRows, maxMegabytes } = deps;
  let underWay = 0;
  return {
    limits: { maxRows, maxMegabytes },
    async take(upload, { vocabulary, actor = null, ...file }, declaredBytes) {
      if (underWay >= FILES_AT_ONCE)
        throw new AppError('too_many', 'Too many files are coming in; send it again shortly.');
      if (declaredBytes > maxMegabytes * MEGABYTE) throw tooLarge(maxMegabytes);
      underWay++;
      try {
        const { parameters, default_status: standard } = vocabulary ?? PLAIN_VOCABULARY;
        const given = { ...file, actor, fileName: upload.fileName, parameters, mayLackStatus: standard !== null };
        return await receiveImport(deps, given, upload);
      } finally {
        underWay--;
      }
    },
  };
}

/** What the header says that the body holds; 0 when it says nothing. */
export function declaredBytes({ headers }: Request): number {
  return Number(headers['content-length'] ?? 0);
}
