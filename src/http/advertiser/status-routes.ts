import express, { Router, type Request } from 'express';
import { AppError, type FieldProblem } from '../../errors.ts';
import type { StatusAnswer, StatusCall, StatusIntake } from '../../intake/status.ts';
import type { Log } from '../../log.ts';
import { readBearer } from '../protocol/bearer.ts';
import { withoutToken } from './without-token.ts';
import { createFailureLimit } from '../protocol/failure-limit.ts';
import { allowOnly } from '../protocol/method-not-allowed.ts';
import { createProblemHandler } from '../protocol/problem.ts';
import { readQuery } from '../protocol/query.ts';

export type StatusDeps = {
  statuses: Pick<StatusIntake, 'authenticate' | 'record'>;
  log: Pick<Log, 'error' | 'warn'>;
};

export const statusFieldLengths = { conversion_id: 64, status: 64, reason: 500, transaction_id: 128 } as const;

type Field = keyof typeof statusFieldLengths;
type Values = Partial<Record<Field, string>>;
type Bag = Record<string, unknown>;

const BODY_LIMIT = '64kb';
const MAX_DEPTH = 20;
const WRONG_TOKENS_PER_MINUTE = 120;
const FIELDS = Object.keys(statusFieldLengths) as Field[];

/** What advertisers call: `/advertisers/{advertiser_id}/postback`. */
export function createStatusRoutes({ statuses, log }: StatusDeps): Router {
  const routes = Router();
  const failures = createFailureLimit(WRONG_TOKENS_PER_MINUTE);
  const path = '/advertisers/:advertiserId/postback';
  routes.use('/advertisers', express.json({ limit: BODY_LIMIT, type: ['application/json', 'application/*+json'] }));
  routes.use('/advertisers', express.urlencoded({ limit: BODY_LIMIT, extended: false }));

  const handle = async (req: Request<{ advertiserId: string }>): Promise<StatusAnswer> => {
    const { advertiserId } = req.params;
    const given = { query: readQuery(req.url), body: readBodyBag(req) };
    const token = readBearer(req.headers) ?? readText({ ...given.query, ...given.body }, 'token');
    await authenticate(req, advertiserId, token);
    const { query, body } = withoutToken(given, token ?? '');
    const bag = { ...query, ...body };
    const problems = FIELDS.flatMap((field) => findProblems(field, bag[field]));
    const call = toStatusCall(req.method, advertiserId, { values: readValues(bag), query, body });
    if (problems.length === 0) return await statuses.record(call);
    return await keepRefused(call, problems);
  };

  // Listed before GET: a HEAD must not record anything.
  routes.head(path, allowOnly('GET', 'POST'));
  for (const method of ['get', 'post'] as const) {
    routes[method](path, async (req, res) => {
      const { conversionId, status, result } = await handle(req);
      res.set('cache-control', 'no-store').json({ conversion_id: conversionId, status, result });
    });
  }
  routes.all(path, allowOnly('GET', 'POST'));
  routes.use('/advertisers', () => {
    throw new AppError('unknown', 'Send statuses to /advertisers/{advertiser_id}/postback.');
  });
  routes.use(createProblemHandler(log));
  return routes;

  /** Only wrong tokens are counted, so nobody can lock an advertiser out by calling in his name. */
  async function authenticate(req: Request, advertiserId: string, token: string | undefined): Promise<void> {
    try {
      await statuses.authenticate(advertiserId, token);
    } catch (error) {
      if (error instanceof AppError && error.kind === 'unauthorized') await failures.note(req.ip);
      throw error;
    }
  }

  /** Without its word the call changes nothing; it is kept, with the conversion it names. */
  async function keepRefused(call: StatusCall, problems: FieldProblem[]): Promise<never> {
    const refusal = new AppError('malformed', problems.map((problem) => problem.message).join(' '), { problems });
    try {
      const isUsable = problems.every(({ field }) => field !== 'conversion_id');
      await statuses.record({ ...call, conversionId: isUsable ? call.conversionId : null, word: null, reason: null });
    } catch (error) {
      if (!(error instanceof AppError && error.kind === 'malformed')) throw error;
    }
    throw refusal;
  }
}

function toStatusCall(
  method: string,
  advertiserId: string,
  { values, query, body }: { values: Values; query: Bag; body: Bag | null },
): StatusCall {
  return {
    advertiserId,
    conversionId: values.conversion_id ?? null,
    word: values.status ?? null,
    reason: values.reason ?? null,
    raw: { method, query, body },
  };
}

function readBodyBag(req: Request): Bag | null {
  const body: unknown = req.body;
  if (body === undefined) {
    const isEmpty = req.headers['transfer-encoding'] === undefined && Number(req.headers['content-length'] ?? 0) === 0;
    if (isEmpty) return null;
    throw new AppError('malformed', 'Send the body as application/json or application/x-www-form-urlencoded.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AppError(
      'malformed',
      'The body must be one object, such as {"conversion_id": "...", "status": "approved"}.',
    );
  }
  // What is deeper can be parsed but not stored.
  if (isDeeperThan(body, MAX_DEPTH)) throw new AppError('malformed', 'The body is nested too deeply.');
  return body as Bag;
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(inner, depth - 1));
}

function readValues(bag: Bag): Values {
  return Object.fromEntries(FIELDS.map((field) => [field, readText(bag, field)]));
}

/** Empty is absent. Whole numbers are taken as their digits, as advertisers do not always quote their own ids. */
function readText(bag: Bag, name: string): string | undefined {
  const given = Object.hasOwn(bag, name) ? bag[name] : undefined;
  if (typeof given === 'string') return given || undefined;
  return Number.isSafeInteger(given) ? String(given) : undefined;
}

function findProblems(field: Field, given: unknown): FieldProblem[] {
  if (given === undefined || given === null || Number.isSafeInteger(given)) return [];
  if (typeof given !== 'string') return [{ field, message: `${field} must be one text, given once.` }];
  const longest = statusFieldLengths[field];
  if ([...given].length > longest) return [{ field, message: `${field} has at most ${longest} characters.` }];
  if (!given.isWellFormed() || given.includes('\0')) {
    return [{ field, message: `${field} holds characters that cannot be stored.` }];
  }
  return [];
}
