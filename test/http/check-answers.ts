import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Express } from 'express';
import type { oas31 } from 'zod-openapi';
import { readDescription, type DescribedAnswer, type DescribedCall } from '../support/api-description.ts';

// Pages and files for people, and the documents themselves.
const NO_CALLS = /^\/($|docs$|robots\.txt$|favicon\.ico$|assets\/|(console|ops)(\/|$)|(v1\/admin\/)?openapi\.json$)/;
// What may be answered before anybody knows which call is meant.
const BEFORE_ANY_CALL = [400, 401, 404, 405, 421];

/**
 * The app, with every answer held against the document that describes it: the call, the status, the type and the body. One
 * that differs is thrown outside of the request, so that the test under way fails whatever it looks at itself.
 */
export function checkAnswers(app: Express, document: oas31.OpenAPIObject): Express {
  const calls = readDescription(document).map((call) => ({ ...call, pattern: patternOf(call.path) }));
  // What is written out goes before what has a parameter.
  calls.sort((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')));
  return new Proxy(app, {
    apply(target, self, [req, res, ...rest]: [IncomingMessage, ServerResponse, ...unknown[]]) {
      const { method = '', url = '' } = req;
      const read = collectBody(res);
      res.once('finish', () => {
        const problem = findProblem({ method, path: url.split('?')[0] ?? '', res, body: read() });
        if (problem !== undefined) throw new Error(`${method} ${url} answered ${res.statusCode}: ${problem}`);
      });
      return Reflect.apply(target, self, [req, res, ...rest]) as unknown;
    },
  });

  function findProblem({ method, path, res, body }: Received): string | undefined {
    // As the routes do, slashes too many are forgiven.
    const plainPath = path.replace(/\/+/g, '/');
    if (NO_CALLS.test(plainPath)) return undefined;
    const atPath = calls.filter(({ pattern }) => pattern.test(plainPath));
    const found = atPath.find((call) => call.method === (method === 'HEAD' ? 'get' : method.toLowerCase()));
    if (!found) return judgeOtherMethod(res, atPath);
    const answer = found.answers.find(({ status }) => Number(status) === res.statusCode);
    if (!answer) return `${found.path} does not describe this status`;
    return method === 'HEAD' ? undefined : judgeBody(res, body, answer);
  }
}

type Received = { method: string; path: string; res: ServerResponse; body: string };

function judgeOtherMethod({ statusCode }: ServerResponse, atPath: DescribedCall[]): string | undefined {
  return BEFORE_ANY_CALL.includes(statusCode)
    ? undefined
    : `described are only ${atPath.map(({ method }) => method).join() || 'other addresses'}`;
}

function judgeBody(res: ServerResponse, body: string, { contents }: DescribedAnswer): string | undefined {
  const type = String(res.getHeader('content-type') ?? '').split(';')[0];
  if (contents.length === 0) return body === '' ? undefined : 'its body is not described';
  const content = contents.find(({ contentType }) => contentType === type);
  if (!content) return `${type} is not described`;
  const value: unknown = /json$/.test(content.contentType) ? JSON.parse(body) : body;
  const problem = content.findProblem(value);
  if (problem !== undefined) return `${problem}: ${body.slice(0, 1000)}`;
  // The kinds of problems that may come are those that have an example.
  const { kind } = Object(value) as { kind?: string };
  const isKnown = kind === undefined || content.media.examples?.[kind] !== undefined;
  return isKnown ? undefined : `the kind ${kind} is not described`;
}

/** Parameters match what they do in Express; a slash at the end is optional. */
function patternOf(path: string): RegExp {
  const source = path
    .replace(/\/$/, '')
    .replaceAll('.', '\\.')
    .replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${source}/?$`);
}

/** Reads along what is written into a response. */
function collectBody(res: ServerResponse): () => string {
  const chunks: Buffer[] = [];
  for (const name of ['write', 'end'] as const) {
    const original = res[name].bind(res) as (...args: unknown[]) => unknown;
    res[name] = ((chunk: unknown, ...args: unknown[]) => {
      if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) chunks.push(Buffer.from(chunk as Buffer));
      return original(chunk, ...args);
    }) as never;
  }
  return () => Buffer.concat(chunks).toString();
}
