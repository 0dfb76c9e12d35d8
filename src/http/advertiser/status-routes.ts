import express, { Router, type Request, type RequestHandler, type Response } from 'express';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { parameterNames, readStatusFields, readText, type RawStatusCall } from '../../domain/status-call.ts';
import { PLAIN_VOCABULARY, understand, type Vocabulary } from '../../domain/vocabulary.ts';
import { AppError } from '../../errors.ts';
import { inTime, type Late } from '../../in-time.ts';
import { identifySigned } from '../../intake/origin.ts';
import type { IgnoredAnswer, StatusAnswer, StatusIntake } from '../../intake/status.ts';
import type { Log } from '../../log.ts';
import { limitBody, MAX_BODY_BYTES } from '../protocol/body-limit.ts';
import { networkOf } from '../../subnets.ts';
import { readBearer } from '../protocol/keys/bearer.ts';
import { allowOnly } from '../protocol/method-not-allowed.ts';
import { createProblemHandler } from '../protocol/problem.ts';
import { readQuery } from '../protocol/query.ts';
import { createOriginCheck, type OriginDeps } from './origin-check.ts';
import { rawBodyOf, keepRawBody, readStatusBody } from './status-body.ts';
import { withoutToken } from './without-token.ts';

export type StatusDeps = Pick<OriginDeps, 'refusedCalls'> & {
  catalogue: Pick<Catalogue, 'findAdvertiser' | 'findNewestAdvertiser'>;
  statuses: Pick<StatusIntake, 'authenticate' | 'record' | 'keepMalformed'>;
  log: Pick<Log, 'error' | 'warn'>;
  /** How long an advertiser waits for its answer, 2.5 s when left out; less in the test of what comes then. */
  answerStatusWithinMs?: number;
};

// Within three seconds it is out, whatever Postgres does.
const ANSWER_WITHIN_MS = 2500;
const PATH = '/advertisers/:advertiserId/postback';

type Path = { advertiserId: string };

/** What advertisers call: `/advertisers/{advertiser_id}/postback`. */
export function createStatusRoutes(deps: StatusDeps): Router {
  const { catalogue, statuses, log, answerStatusWithinMs = ANSWER_WITHIN_MS } = deps;
  const routes = Router();
  const checkOrigin = createOriginCheck(deps);
  const take: RequestHandler<Path> = async (req, res) => {
    const { conversionId, status, result } = await inTime((late) => takeStatus(req, late), {
      withinMs: answerStatusWithinMs,
      message: 'The status could not be stored in time; send it again shortly.',
    });
    sendJson(res, { conversion_id: conversionId, status, result });
  };
  routes
    .route(PATH)
    // A HEAD must not record anything.
    .head(allowOnly('GET', 'POST'))
    // Most calls have no body, and need not pass by what reads one.
    .get((req, res, next) => (hasBody(req) ? next() : take(req, res, next)));
  routes.use(PATH, limitBody);
  routes.use(
    PATH,
    express.json({ limit: MAX_BODY_BYTES, type: ['application/json', 'application/*+json'], verify: keepRawBody }),
  );
  routes.use(PATH, express.urlencoded({ limit: MAX_BODY_BYTES, extended: false, verify: keepRawBody }));
  routes.get(PATH, take);
  routes.post(PATH, take);
  routes.all(PATH, allowOnly('GET', 'POST'));
  routes.use(createProblemHandler(log));
  return routes;

  /** A status that is given up while it is being stored may be stored all the same: sent again, it is a duplicate. */
  async function takeStatus(req: Request<Path>, late: Late): Promise<StatusAnswer | IgnoredAnswer> {
    const { advertiserId } = req.params;
    const sent = { query: readQuery(req.url), body: readStatusBody(req) };
    const advertiser = await catalogue.findAdvertiser(advertiserId);
    const vocabulary = advertiser?.vocabulary ?? PLAIN_VOCABULARY;
    const names = parameterNames('token', vocabulary.parameters);
    const named = sent.body === null ? sent.query : { ...sent.query, ...sent.body };
    const token = readBearer(req.headers) ?? readToken(named, names);
    const { query, body } = withoutToken(sent, { names, token: token ?? '' });
    const kept = { method: req.method, query, body };
    const { ip, headers } = req;
    const claimed = {
      advertiserId,
      advertiser,
      ip,
      headers,
      token,
      signed: signedPartOf(req),
      sample: () => ({ ...kept, network: networkOf(ip) }),
    };
    await checkOrigin(claimed, late);
    late.throwIfLate();
    // What the signature does not cover is not read.
    const isBodyAlone = advertiser?.proofs.signature === true && sent.body !== null;
    const raw = isBodyAlone ? { ...kept, query: {} } : kept;
    // Where no token is asked for, anything may stand in its place: it must not spoil what else is said.
    const given = advertiser?.proofs.token === false ? { ...raw, ...sent, ...(isBodyAlone && { query: {} }) } : raw;
    const { fields, speech } = await readAsOfNow(given, { advertiserId, vocabulary });
    const { conversionId, word, transactionId, problems } = fields;
    const reason = fields.reason && withoutToken(fields.reason, { names: [], token: token ?? '' });
    const signedAs = advertiser && identifySigned(advertiser, claimed)?.call;
    const call = { advertiserId, conversionId, word, reason, transactionId, raw, signedAs };
    return problems.length === 0 ? await statuses.record(call, speech) : await statuses.keepMalformed(call, problems);
  }

  /** Ops may have explained a word a moment ago: what is not understood is read once more by what is known by now. */
  async function readAsOfNow(
    raw: RawStatusCall,
    { advertiserId, vocabulary }: { advertiserId: string; vocabulary: Vocabulary },
  ) {
    const fields = readStatusFields(raw, vocabulary.parameters);
    const isUnderstood = fields.problems.length === 0 && understand(fields, vocabulary).kind !== 'refused';
    if (isUnderstood) return { fields, speech: vocabulary };
    const speech = (await catalogue.findNewestAdvertiser(advertiserId))?.vocabulary ?? PLAIN_VOCABULARY;
    return { fields: readStatusFields(raw, speech.parameters), speech };
  }
}

/** As Express does it, at a third of the cost: nothing of this answer hangs on its request. */
function sendJson(res: Response, answer: object): void {
  const text = JSON.stringify(answer);
  res.setHeader('cache-control', 'no-store');
  res.setHeader('content-type', 'application/json; charset=utf-8');
  res.setHeader('content-length', Buffer.byteLength(text));
  res.end(text);
}

function readToken(sent: Readonly<Record<string, unknown>>, names: string[]): string | undefined {
  const given = names.map((name) => readText(sent, name));
  return given.find((token) => token !== undefined);
}

/** For whatever else begins with /advertisers. */
export const refuseOtherCalls: RequestHandler = () => {
  throw new AppError('unknown', 'Send statuses to /advertisers/{advertiser_id}/postback.');
};

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** The body as it came; of a call without one the query as it came, without its question mark. */
function signedPartOf(req: Request<Path>): string | Buffer {
  const query = req.originalUrl.indexOf('?');
  return rawBodyOf(req) ?? (query === -1 ? '' : req.originalUrl.slice(query + 1));
}
