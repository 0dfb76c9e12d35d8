import { Router, type Request } from 'express';
import type { Knex } from 'knex';
import { readAdvertiser } from '../../../db/advertisers.ts';
import { applyImport, askImport, readImport, type Import } from '../../../db/imports/imports.ts';
import { AppError } from '../../../errors.ts';
import { inTime } from '../../../in-time.ts';
import type { StatusIntake } from '../../../intake/status.ts';
import type { Log } from '../../../log.ts';
import { readWith } from '../../fields/read-with.ts';
import { sendImportErrors } from '../../imports/errors-csv.ts';
import { viewImport } from '../../imports/import-answer.ts';
import { ownFileSchema } from '../../imports/import-fields.ts';
import { declaredBytes, type FileTaker } from '../../imports/take-file.ts';
import { readBearer } from '../../protocol/keys/bearer.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { createProblemHandler } from '../../protocol/problem.ts';
import { openUpload } from '../../protocol/upload.ts';
import { createTokenCheck } from '../token-check.ts';

export type FileDeps = {
  db: Knex;
  files: FileTaker;
  statuses: Pick<StatusIntake, 'authenticate'>;
  log: Pick<Log, 'error' | 'warn'>;
};

type Own = { id: string; importId: string };

const PATH = '/advertisers/:id/imports';
const CHECK_WITHIN_MS = 2500;

/** Files of statuses that advertisers bring themselves: `/advertisers/{advertiser_id}/imports`. */
export function createImportRoutes({ db, files, statuses, log }: FileDeps): Router {
  const routes = Router();
  const checkToken = createTokenCheck(statuses.authenticate);

  // A token in the query would stand in logs, and a file is sent by a program that can set a header.
  routes.use<{ id: string }>(PATH, async (req, res, next) => {
    const { id: advertiserId } = req.params;
    const caller = { ip: req.ip, advertiserId, token: readBearer(req.headers) };
    const late = 'The token could not be checked in time; send it again shortly.';
    await inTime((signal) => checkToken(caller, signal), { withinMs: CHECK_WITHIN_MS, message: late });
    res.set('cache-control', 'no-store');
    next();
  });

  routes.post(PATH, async (req: Request<{ id: string }>, res) => {
    const { id: advertiserId } = req.params;
    const asked = readWith(ownFileSchema, req.query);
    const upload = await openUpload(req);
    const options = { ...asked, ...readWith(ownFileSchema, { ...req.query, ...upload.fields }) };
    const { dry_run: dryRun, notify, mapping = {} } = options;
    const vocabulary = (await readAdvertiser(db, advertiserId))?.vocabulary;
    const file = { advertiserId, vocabulary, source: 'advertiser' as const, dryRun, notify, mapping };
    res.status(202).json(viewImport(await files.take(upload, file, declaredBytes(req))));
  });
  routes.all(PATH, allowOnly('POST'));

  routes.get(`${PATH}/:importId`, async (req: Request<Own>, res) => {
    res.json(viewImport(found(await readImport(db, keyOf(req)), req)));
  });
  routes.all(`${PATH}/:importId`, allowOnly('GET', 'HEAD'));

  routes.get(`${PATH}/:importId/errors.csv`, async (req: Request<Own>, res) => {
    const { import_id } = found(await readImport(db, keyOf(req)), req);
    await sendImportErrors(res, db, import_id);
  });
  routes.all(`${PATH}/:importId/errors.csv`, allowOnly('GET', 'HEAD'));

  routes.post(`${PATH}/:importId/apply`, async (req: Request<Own>, res) => {
    res.json(viewImport(found(await applyImport(db, keyOf(req)), req)));
  });
  routes.all(`${PATH}/:importId/apply`, allowOnly('POST'));

  routes.post(`${PATH}/:importId/cancel`, async (req: Request<Own>, res) => {
    res.json(viewImport(found(await askImport(db, { ...keyOf(req), ask: 'cancel' }), req)));
  });
  routes.all(`${PATH}/:importId/cancel`, allowOnly('POST'));

  routes.use(PATH, (req) => {
    throw new AppError('unknown', `There is no ${req.method} of ${req.path} here.`);
  });
  routes.use('/advertisers', createProblemHandler(log));
  return routes;
}

function keyOf({ params }: Request<Own>) {
  return { importId: params.importId, advertiserId: params.id };
}

/** Another advertiser's import is unknown too. */
function found(one: Import | undefined, { params }: Request<Own>): Import {
  if (!one) throw new AppError('unknown', `There is no import ${params.importId} of yours.`);
  return one;
}
