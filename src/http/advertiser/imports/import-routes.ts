import { Router, type Request } from 'express';
import type { Knex } from 'knex';
import type { CatalogueAdvertiser } from '../../../catalogue/catalogue-advertiser.ts';
import type { Catalogue } from '../../../catalogue/catalogue.ts';
import { changeOwnImport } from '../../../db/imports/change-own-import.ts';
import { readImport, type Import } from '../../../db/imports/imports.ts';
import { AppError } from '../../../errors.ts';
import { inTime, type Late } from '../../../in-time.ts';
import type { TakenImport } from '../../../intake/files/receive-import.ts';
import { identifySigned } from '../../../intake/origin.ts';
import type { Log } from '../../../log.ts';
import { sendImportErrors } from '../../imports/errors-csv.ts';
import { viewImport, viewTakenImport } from '../../imports/import-answer.ts';
import { ownFileSchema } from '../../imports/import-fields.ts';
import { openFile, type FileTaker, type GivenUpload } from '../../imports/take-file.ts';
import { readBearer } from '../../protocol/keys/bearer.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { createProblemHandler } from '../../protocol/problem.ts';
import { readBody, type Upload } from '../../protocol/upload.ts';
import { networkOf } from '../../../subnets.ts';
import { createOriginCheck, type OriginDeps } from '../origin-check.ts';
import { createSignedFileCheck, type SignedFile } from './signed-file.ts';

export type FileDeps = OriginDeps & {
  db: Knex;
  files: FileTaker;
  catalogue: Pick<Catalogue, 'findAdvertiser'>;
  log: Pick<Log, 'error' | 'warn'>;
};

type FileRequest = Request<{ id: string }>;
type Own = { id: string; importId: string };

const PATH = '/advertisers/:id/imports';
const CHECK_WITHIN_MS = 2500;
// Most of what is refused is small; whoever sends slowly hears why, and its file has not been judged.
const REST_WITHIN_MS = 5000;
const SENDER = 'sender';

/** Files of statuses that advertisers bring themselves: `/advertisers/{advertiser_id}/imports`. */
export function createImportRoutes({ db, files, catalogue, log, ...origin }: FileDeps): Router {
  const routes = Router();
  const checkOrigin = createOriginCheck(origin);
  const beginSigned = createSignedFileCheck(origin.refusedCalls);

  routes.use<{ id: string }>(PATH, async (req, res, next) => {
    const late = 'The call could not be checked in time; send it again shortly.';
    res.locals[SENDER] = await inTime((time) => check(req, time), { withinMs: CHECK_WITHIN_MS, message: late });
    res.set('cache-control', 'no-store');
    next();
  });

  routes.post(PATH, async (req: FileRequest, res) => {
    const advertiser = res.locals[SENDER] as CatalogueAdvertiser | undefined;
    const taken = advertiser?.proofs.signature ? await takeSigned(req, advertiser) : await takeFile(req, advertiser);
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

  for (const change of ['apply', 'cancel'] as const) {
    routes.post(`${PATH}/:importId/${change}`, async (req: Request<Own>, res) => {
      const sender = res.locals[SENDER] as CatalogueAdvertiser | undefined;
      const request = sender && identifySigned(sender, { headers: req.headers, signed: signedPartOf(req) })?.request;
      res.json(viewImport(found(await changeOwnImport(db, { ...keyOf(req), change, request }), req)));
    });
    routes.all(`${PATH}/:importId/${change}`, allowOnly('POST'));
  }

  routes.use(PATH, (req) => {
    throw new AppError('unknown', `There is no ${req.method} of ${req.path} here.`);
  });
  routes.use(PATH, createProblemHandler(log));
  return routes;

  async function takeFile(req: FileRequest, advertiser: CatalogueAdvertiser | undefined): Promise<TakenImport> {
    const { upload, said } = await openFile(req, ownFileSchema);
    return await files.take(upload, { ...ownerOf(req, advertiser), said });
  }

  /** Whatever a file is refused for, its signature is judged, because one that is right is no failure of its sender. */
  async function takeSigned(req: FileRequest, advertiser: CatalogueAdvertiser): Promise<TakenImport> {
    const signed = await beginSigned(req, advertiser, sampleOf(req));
    const body = readBody(req, signed);
    try {
      const { upload, said } = await openFile(req, ownFileSchema, body);
      // What the signature does not cover is not read.
      if (Object.keys(req.query).length > 0) throw unsignedOptions();
      return await files.take(signedUpload(upload, signed), { ...ownerOf(req, advertiser), said });
    } catch (error) {
      await body.readRest(REST_WITHIN_MS);
      throw error;
    }
  }

  /**
   * The signature of a file is judged when its last byte has come; all else is judged before the first.
   * @returns the advertiser by whose proofs it was judged. Its signature must be judged by the same: they may change meanwhile
   */
  async function check(req: FileRequest, late: Late): Promise<CatalogueAdvertiser | undefined> {
    const { id: advertiserId } = req.params;
    const { ip, headers, method } = req;
    const known = await catalogue.findAdvertiser(advertiserId);
    const isFile = method === 'POST' && req.path === '/';
    const advertiser = known && isFile ? { ...known, proofs: { ...known.proofs, signature: false } } : known;
    // A token in the query would stand in logs, and a file is sent by a program that can set a header.
    const token = readBearer(headers);
    const signed = signedPartOf(req);
    await checkOrigin({ advertiserId, advertiser, ip, headers, token, signed, sample: () => sampleOf(req) }, late);
    return known;
  }
}

/** A call without a body is signed as what it does, so that whoever has seen one cannot do another thing with it. */
function signedPartOf({ method, originalUrl }: Pick<Request, 'method' | 'originalUrl'>): string {
  return `${method} ${originalUrl}`;
}

/** Ends well only when its signature is right. */
function signedUpload(upload: Upload, signed: SignedFile): GivenUpload {
  const finish = async () => {
    await upload.finish();
    signed.signedAs();
  };
  return { ...upload, finish, signedAs: () => signed.signedAs() };
}

function sampleOf({ method, originalUrl, ip }: Request): object {
  return { method, path: originalUrl.split('?')[0], network: networkOf(ip) };
}

/** Where neither a token nor an address has shown it yet, the file may be anybody's until its signature is judged. */
function ownerOf({ params, ip }: FileRequest, advertiser: CatalogueAdvertiser | undefined) {
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
