import { Router, type Request } from 'express';
import type { Knex } from 'knex';
import type { CatalogueAdvertiser } from '../../../catalogue/catalogue-advertiser.ts';
import type { Catalogue } from '../../../catalogue/catalogue.ts';
import { applyImport, askImport, readImport, type Import } from '../../../db/imports/imports.ts';
import { AppError } from '../../../errors.ts';
import { inTime, type Late } from '../../../in-time.ts';
import type { Log } from '../../../log.ts';
import { sendImportErrors } from '../../imports/errors-csv.ts';
import { viewImport, viewTakenImport } from '../../imports/import-answer.ts';
import { ownFileSchema } from '../../imports/import-fields.ts';
import { openFile, type FileTaker } from '../../imports/take-file.ts';
import { readBearer } from '../../protocol/keys/bearer.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { createProblemHandler } from '../../protocol/problem.ts';
import { networkOf } from '../../../subnets.ts';
import { createOriginCheck, type OriginDeps } from '../origin-check.ts';
import { createSignedFileCheck } from './signed-file.ts';

export type FileDeps = OriginDeps & {
  db: Knex;
  files: FileTaker;
  catalogue: Pick<Catalogue, 'findAdvertiser'>;
  log: Pick<Log, 'error' | 'warn'>;
};

type Own = { id: string; importId: string };

const PATH = '/advertisers/:id/imports';
const CHECK_WITHIN_MS = 2500;

/** Files of statuses that advertisers bring themselves: `/advertisers/{advertiser_id}/imports`. */
export function createImportRoutes({ db, files, catalogue, log, ...origin }: FileDeps): Router {
  const routes = Router();
  const checkOrigin = createOriginCheck(origin);
  const beginSigned = createSignedFileCheck(origin.refusedCalls);

  routes.use<{ id: string }>(PATH, async (req, res, next) => {
    const late = 'The call could not be checked in time; send it again shortly.';
    await inTime((time) => check(req, time), { withinMs: CHECK_WITHIN_MS, message: late });
    res.set('cache-control', 'no-store');
    next();
  });

  routes.post(PATH, async (req: Request<{ id: string }>, res) => {
    const { id: advertiserId } = req.params;
    const advertiser = await catalogue.findAdvertiser(advertiserId);
    const signed = advertiser?.proofs.signature ? await beginSigned(req, advertiser, sampleOf(req)) : null;
    // What the signature does not cover is not read.
    if (signed && Object.keys(req.query).length > 0) throw unsignedOptions();
    const { upload, said } = await openFile(req, ownFileSchema, (bytes) => signed?.update(bytes));
    const finish = async () => {
      await upload.finish();
      await signed?.judge();
    };
    const taken = await files.take({ ...upload, finish }, { ...ownerOf(req, advertiser), said });
    if (taken.source !== 'advertiser') throw broughtByUs();
    res.status(202).json(viewTakenImport(taken));
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
  routes.use(PATH, createProblemHandler(log));
  return routes;

  /** The signature of a file is judged when its last byte has come; all else is judged before the first. */
  async function check(req: Request<{ id: string }>, late: Late): Promise<void> {
    const { id: advertiserId } = req.params;
    const { ip, headers, method, originalUrl } = req;
    const known = await catalogue.findAdvertiser(advertiserId);
    const isFile = method === 'POST' && req.path === '/';
    const advertiser = known && isFile ? { ...known, proofs: { ...known.proofs, signature: false } } : known;
    // A token in the query would stand in logs, and a file is sent by a program that can set a header.
    const token = readBearer(headers);
    // A call without a body is signed as what it does, so that whoever has seen one cannot do another thing with it.
    const signed = `${method} ${originalUrl}`;
    await checkOrigin({ advertiserId, advertiser, ip, headers, token, signed, sample: () => sampleOf(req) }, late);
  }
}

function sampleOf({ method, originalUrl, ip }: Request): object {
  return { method, path: originalUrl.split('?')[0], network: networkOf(ip) };
}

/** Where neither a token nor an address has shown it yet, the file may be anybody's until its signature is judged. */
function ownerOf({ params, ip }: Request<{ id: string }>, advertiser: CatalogueAdvertiser | undefined) {
  const { proofs, vocabulary } = advertiser ?? {};
  const isProven = proofs === undefined || proofs.token || proofs.addresses !== null;
  const stranger = isProven ? null : (networkOf(ip) ?? 'unknown');
  return { advertiserId: params.id, vocabulary, source: 'advertiser' as const, actor: null, stranger };
}

function unsignedOptions(): AppError {
  const message = 'The query is not signed: send a form, and what you want in its fields before the file.';
  return new AppError('invalid', message);
}

/** Imports that an advertiser has not sent are not told of. */
function broughtByUs(): AppError {
  return new AppError(
    'conflict',
    'We have imported this very file already, so nothing was begun. To import it all the same, send it with again=true.',
  );
}

function keyOf({ params }: Request<Own>) {
  return { importId: params.importId, advertiserId: params.id };
}

/** Another advertiser's import is unknown too. */
function found(one: Import | undefined, { params }: Request<Own>): Import {
  if (!one) throw new AppError('unknown', `There is no import ${params.importId} of yours.`);
  return one;
}
