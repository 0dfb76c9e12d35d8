import type { Request } from 'express';
import type { Knex } from 'knex';
import type { z } from 'zod';
import { readAdvertiser } from '../../db/advertisers.ts';
import type { Actor } from '../../db/audit.ts';
import type { ImportSource } from '../../domain/imports/import.ts';
import { PLAIN_VOCABULARY, type Vocabulary } from '../../domain/vocabulary.ts';
import { AppError } from '../../errors.ts';
import {
  receiveImport,
  type FileSource,
  type ReceiveDeps,
  type TakenImport,
} from '../../intake/files/receive-import.ts';
import { tooLarge } from '../../intake/files/read-text.ts';
import { readWith } from '../fields/read-with.ts';
import { openUpload, type Body, type Upload } from '../protocol/upload.ts';
import { createFilePlaces, type FileSender } from './file-places.ts';
import type { fileSchema, ownFileSchema } from './import-fields.ts';

/** What was said of a file, in the query or in fields of its form. */
export type SaidOfFile = z.output<typeof ownFileSchema> & { notify?: boolean };

/** Whose file it is, and what was said of it. */
export type FileOptions = FileSender & {
  vocabulary: Vocabulary | null | undefined;
  source: ImportSource;
  /** The admin who brings it; null for an advertiser's own. */
  actor: Actor | null;
  said: SaidOfFile;
};

export type GivenUpload = Pick<Upload, 'fileName' | 'declaredBytes'> & FileSource;

export type FileTaker = {
  limits: Pick<ReceiveDeps, 'maxRows' | 'maxMegabytes'>;
  /** Has a place for a file. @throws AppError `too_many` when too many files are coming in */
  take(upload: GivenUpload, options: FileOptions): Promise<TakenImport>;
};

const MEGABYTE = 1_000_000;

/** What all doors for files share: a bound for how many come in at once in this process. */
export function createFileTaker(deps: ReceiveDeps): FileTaker {
  const { maxRows, maxMegabytes } = deps;
  const places = createFilePlaces();
  return {
    limits: { maxRows, maxMegabytes },
    async take(upload, { vocabulary, said, stranger, ...file }) {
      const leave = places.take({ advertiserId: file.advertiserId, stranger });
      try {
        if (upload.declaredBytes > maxMegabytes * MEGABYTE) throw tooLarge(maxMegabytes);
        const { parameters, default_status: standard } = vocabulary ?? PLAIN_VOCABULARY;
        const { dry_run: dryRun, notify = true, again, mapping = {} } = said;
        const asSaid = { dryRun, notify, again, mapping, parameters, mayLackStatus: standard !== null };
        return await receiveImport(deps, { ...file, ...asSaid, fileName: upload.fileName }, upload);
      } finally {
        leave();
      }
    },
  };
}

/**
 * Opens the file in a request. What the query says is judged before anything of the file is read; fields of a form say the
 * same, or more.
 */
export async function openFile<Said extends SaidOfFile>(
  req: Request,
  schema: z.ZodType<Said> & Pick<z.ZodObject, 'partial'>,
  body?: Body,
): Promise<{ upload: Upload; said: Said }> {
  readWith(schema.partial(), req.query);
  const upload = await openUpload(req, body);
  return { upload, said: readWith(schema, { ...req.query, ...upload.fields }) };
}

/**
 * Takes a file that an admin brings for an advertiser.
 * @throws AppError `unknown` when there is no such advertiser, or what makes a file be refused
 */
export async function takeFileOfOps(
  { db, files }: { db: Knex; files: FileTaker },
  upload: Upload,
  { said, actor }: { said: z.output<typeof fileSchema>; actor: Actor },
): Promise<TakenImport> {
  const { advertiser_id: advertiserId } = said;
  const advertiser = await readAdvertiser(db, advertiserId);
  if (!advertiser) throw new AppError('unknown', `There is no advertiser ${advertiserId}.`);
  const { vocabulary } = advertiser;
  return await files.take(upload, { advertiserId, vocabulary, source: 'ops', stranger: null, actor, said });
}
