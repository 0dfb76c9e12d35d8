import type { RequestHandler, Response, Router } from 'express';
import type { Knex } from 'knex';
import { listAdvertisers } from '../../../db/advertisers.ts';
import { changeImport, importChanges } from '../../../db/imports/change-import.ts';
import { readImportErrors } from '../../../db/imports/import-errors.ts';
import { listImports, readImport, type Import } from '../../../db/imports/imports.ts';
import { importFields, type ImportField } from '../../../domain/imports/columns.ts';
import { explainUnlogged } from '../../../domain/imports/explain-refusal.ts';
import { importStates } from '../../../domain/imports/import.ts';
import type { FileRow } from '../../../domain/imports/row.ts';
import { AppError } from '../../../errors.ts';
import { refusalOf, type RefusedForm } from '../../console/form.ts';
import { placesOf, readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { sendImportErrors } from '../../imports/errors-csv.ts';
import { fileSchema, importListSchema } from '../../imports/import-fields.ts';
import { takeFileOfOps, type FileTaker } from '../../imports/take-file.ts';
import { readWith } from '../../fields/read-with.ts';
import { writeCount } from '../../pages/console/write-numbers.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { makeProblem } from '../../protocol/problem.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import { openUpload } from '../../protocol/upload.ts';
import { mayOf, sendOpsProblem } from '../ops-page.ts';
import { requireAdmin } from '../require-admin.ts';
import { sendImportList } from './import-list-page.ts';
import { sendImport, type ShownError } from './import-page.ts';
import { progressOf } from './import-view.ts';
import { sendNewImport, type ImportForm, type NewImportData } from './new-import-page.ts';

export type ImportPagesDeps = { db: Knex; files: FileTaker };

const LIST = '/ops/imports';
const SHOWN_ERRORS = 50;
const SHOWN_ROW = 400;
// More would make a list that nobody looks through.
const LISTED_ADVERTISERS = 200;
const STATES = [{ value: '', label: 'any' }, ...importStates.map((state) => ({ value: state, label: state }))];

/** The columns that a form may name. */
export const COLUMNS: NewImportData['columns'] = [
  { field: 'conversion_id', label: 'Column of the conversion', help: 'Holds the id that we put into the link.' },
  { field: 'status', label: 'Column of the status', help: '' },
  { field: 'reason', label: 'Column of the reason', help: 'The partner may see it.' },
  { field: 'transaction_id', label: "Column of the advertiser's own id", help: '' },
  {
    field: 'event_time',
    label: 'Column of the time',
    help: 'When it happened: 2026-01-31T09:15:00Z, or Unix time. A row whose own time lies within the window counts although it comes later.',
  },
];

/**
 * Takes the form with the file. It stands before what reads other forms: the token of the form is in a field of it, and is
 * looked at before anything of the file is kept.
 */
export function addImportUpload(routes: Router, { db, files }: ImportPagesDeps): void {
  const take: RequestHandler = async (req, res) => {
    const upload = await openUpload(req);
    if (!visitOf(res).isFormToken(upload.fields['csrf'] ?? '')) {
      const detail =
        'Nothing was kept: this form is too old, or comes from another site. Open the page again and repeat.';
      return sendOpsProblem(res, { ...makeProblem('wrong_origin', detail), title: 'Please send this form again' });
    }
    const form = readForm(upload.fields);
    try {
      const said = readWith(fileSchema, saidIn(form));
      const taken = await takeFileOfOps({ db, files }, upload, { said, actor: actorOf(res) });
      const { import_id, was_sent_before } = taken;
      res.redirect(303, `${LIST}/${encodeURIComponent(import_id)}${was_sent_before ? '?sent_before=true' : ''}`);
    } catch (error) {
      await showNew(db, res, { form, ...refusalOfFile(error) });
    }
  };
  // Any other form is read, and refused, as on every other page.
  const onlyFiles: RequestHandler = (req, _res, next) => next(req.is('multipart/form-data') ? undefined : 'route');
  routes.post('/imports', onlyFiles, requireAdmin, needs('operate'), take);
}

/** Files of statuses: what they were, how far they are, and what was refused. */
export function addImportPages(routes: Router, { db }: Pick<ImportPagesDeps, 'db'>): void {
  routes.get('/imports', async (req, res) => {
    const list = readListFilters(req, importListSchema, visitOf(res).timeZone);
    const { rows, next } = await listImports(db, list.filters);
    sendImportList(
      res,
      { title: 'Imports' },
      {
        ...{ given: list.given, errors: list.errors, isFiltered: list.isFiltered, rows },
        ...{ may: mayOf(res), states: STATES, count: writeCount },
        ...placesOf(list, next),
      },
    );
  });

  routes.get('/imports/new', needs('operate'), async (req, res) => {
    const advertiserId = firstOf(readQuery(req.url)['advertiser_id']) ?? '';
    await showNew(db, res, {
      form: { advertiser_id: advertiserId, dry_run: 'true', notify: 'true', again: 'false', columns: {} },
    });
  });

  routes.get('/imports/:id', async (req, res) => {
    await show(res, req.params.id, { wasSentBefore: firstOf(readQuery(req.url)['sent_before']) === 'true' });
  });

  routes.get('/imports/:id/errors.csv', async (req, res) => {
    await sendImportErrors(res, db, (await find(req.params.id)).import_id);
  });

  for (const change of importChanges) {
    routes.post(`/imports/:id/${change}`, async (req, res) => {
      const { id: importId } = req.params;
      try {
        if (!(await changeImport(db, { importId, change, actor: actorOf(res) }))) throw unknown(importId);
        res.redirect(303, `${LIST}/${encodeURIComponent(importId)}`);
      } catch (error) {
        if (!(error instanceof AppError && error.kind === 'conflict')) throw error;
        await show(res, importId, { status: 409, refusal: error.message });
      }
    });
  }

  async function find(importId: string): Promise<Import> {
    const found = await readImport(db, { importId });
    if (!found) throw unknown(importId);
    return found;
  }

  async function show(
    res: Response,
    importId: string,
    { status = 200, refusal, wasSentBefore = false }: { status?: number; refusal?: string; wasSentBefore?: boolean },
  ): Promise<void> {
    const one = await find(importId);
    const progress = progressOf(one, visitOf(res).nowMs);
    const errors = one.refused === 0 ? [] : await firstErrors(importId);
    sendImport(
      res,
      { title: one.file_name ?? 'Import', status },
      {
        ...{ one, progress, errors, refusal, wasSentBefore, fields: importFields, may: mayOf(res) },
        unlogged: explainUnlogged(one.unlogged),
      },
    );
  }

  async function firstErrors(importId: string): Promise<ShownError[]> {
    const errors: ShownError[] = [];
    for await (const { row, ...error } of readImportErrors(db, importId)) {
      errors.push({ ...error, row: showRow(row) });
      if (errors.length === SHOWN_ERRORS) break;
    }
    return errors;
  }
}

async function showNew(
  db: Knex,
  res: Response,
  { form, errors = {}, status = 200 }: { form: ImportForm; errors?: Record<string, string>; status?: number },
): Promise<void> {
  const listed = await listAdvertisers(db, { limit: LISTED_ADVERTISERS });
  const options = listed.map(({ advertiser_id: id, name }) => ({ value: id, label: `${name} (${id})` }));
  const isListed = listed.length < LISTED_ADVERTISERS;
  const advertisers = isListed ? [{ value: '', label: 'Choose one' }, ...options] : [];
  sendNewImport(res, { title: 'Import a file', status }, { form, errors, advertisers, columns: COLUMNS });
}

function readForm(fields: Record<string, string>): ImportForm {
  const named = importFields.flatMap((field) => {
    const column = (fields[`column_${field}`] ?? '').trim();
    return column === '' ? [] : [[field, column] as [ImportField, string]];
  });
  const { advertiser_id = '', dry_run = 'true', notify = 'true', again = 'false' } = fields;
  return { advertiser_id, dry_run, notify, again, columns: Object.fromEntries(named) };
}

function saidIn({ columns, ...said }: ImportForm): Record<string, string> {
  return { ...said, mapping: JSON.stringify(columns) };
}

/** What the form says of a file that was refused. @throws what is no refusal of it */
function refusalOfFile(error: unknown): RefusedForm {
  const ofFile = { too_large: 'file', invalid: 'file', malformed: 'file', unknown: 'advertiser_id' };
  const { status, errors } = refusalOf(error, ofFile);
  // What is wrong with columns is said of the file as well: they may be folded.
  const isAboutFile = error instanceof AppError && !('advertiser_id' in errors);
  return { status, errors: { ...errors, ...(isAboutFile && { file: error.message }) } };
}

function showRow(row: FileRow): string {
  const text = typeof row === 'string' ? row : Array.isArray(row) ? row.join(', ') : JSON.stringify(row);
  return text.length > SHOWN_ROW ? `${text.slice(0, SHOWN_ROW)}…` : text;
}

function unknown(importId: string): AppError {
  return new AppError('unknown', `There is no import ${importId}.`);
}
