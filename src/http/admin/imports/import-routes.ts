import type { Router } from 'express';
import type { Knex } from 'knex';
import { changeImport, importChanges } from '../../../db/imports/change-import.ts';
import { listImports, readImport, type Import } from '../../../db/imports/imports.ts';
import { AppError } from '../../../errors.ts';
import { readWith } from '../../fields/read-with.ts';
import { sendImportErrors } from '../../imports/errors-csv.ts';
import { viewImport, viewTakenImport } from '../../imports/import-answer.ts';
import { fileSchema, importListSchema } from '../../imports/import-fields.ts';
import { openFile, takeFileOfOps, type FileTaker } from '../../imports/take-file.ts';
import { actorOf } from '../../protocol/actor.ts';
import { writeCursor } from '../../protocol/cursor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';

export type ImportDeps = { db: Knex; files: FileTaker };

/** Takes files; it reads the body by itself, so it stands before what parses bodies. */
export function addUploadRoute(routes: Router, deps: ImportDeps): void {
  routes.post('/imports', async (req, res) => {
    const { upload, said } = await openFile(req, fileSchema);
    res.status(202).json(viewTakenImport(await takeFileOfOps(deps, upload, { said, actor: actorOf(res) })));
  });
}

/** Files of statuses and what became of their rows. */
export function addImportRoutes(routes: Router, { db }: Pick<ImportDeps, 'db'>): void {
  routes.get('/imports', async (req, res) => {
    const { rows, next } = await listImports(db, readWith(importListSchema, req.query));
    res.json({ items: rows.map(viewImport), next_cursor: next === null ? null : writeCursor(next) });
  });
  routes.all('/imports', allowOnly('GET', 'HEAD', 'POST'));

  routes.get('/imports/:id', async (req, res) => {
    res.json(viewImport(found(await readImport(db, { importId: req.params.id }), req.params.id)));
  });
  routes.all('/imports/:id', allowOnly('GET', 'HEAD'));

  routes.get('/imports/:id/errors.csv', async (req, res) => {
    const { import_id } = found(await readImport(db, { importId: req.params.id }), req.params.id);
    await sendImportErrors(res, db, import_id);
  });
  routes.all('/imports/:id/errors.csv', allowOnly('GET', 'HEAD'));

  for (const change of importChanges) {
    routes.post(`/imports/:id/${change}`, async (req, res) => {
      const { id: importId } = req.params;
      res.json(viewImport(found(await changeImport(db, { importId, change, actor: actorOf(res) }), importId)));
    });
    routes.all(`/imports/:id/${change}`, allowOnly('POST'));
  }
}

function found(one: Import | undefined, importId: string): Import {
  if (!one) throw new AppError('unknown', `There is no import ${importId}.`);
  return one;
}
