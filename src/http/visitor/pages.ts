import type { ErrorRequestHandler, Response } from 'express';
import type { CatalogueOffer } from '../../catalogue/catalogue-offer.ts';
import type { Log } from '../../log.ts';
import { createProblemHandler, setProblemHeaders, type Problem } from '../protocol/problem.ts';
import { renderMessage, type Message } from '../pages/message.ts';
import { createSecurityHeaders } from '../protocol/security-headers.ts';
import { planRepeat } from './repeat.ts';
import { createWall, type WallNotice } from './wall.ts';

export type Pages = {
  sendWall(res: Response, status: 200 | 404, options?: { token?: string | undefined; notice?: WallNotice }): void;
  sendProblem(res: Response, problem: Problem): void;
  refusePrefetch(res: Response): void;
  /** The last handler of everything that people see. */
  handleError: ErrorRequestHandler;
};

type PagesDeps = {
  listOffers: () => readonly CatalogueOffer[];
  publicUrl: string;
  log: Pick<Log, 'error' | 'warn'>;
};

const REPEATING: Message = {
  title: 'One moment, please',
  text: 'We cannot take you there right now. This page tries again by itself in a few seconds.',
};

export function createPages({ listOffers, publicUrl, log }: PagesDeps): Pages {
  const wall = createWall(listOffers);
  const setSecurityHeaders = createSecurityHeaders(publicUrl);
  // Rendered in advance: it must not cost what it is there to save.
  const prefetchPage = renderMessage({
    title: 'Not loaded in advance',
    text: 'Nothing has been counted. Open the link to go on.',
  });

  const pages: Pages = {
    sendWall: (res, status, options = {}) => send(res, status, wall.render(options)),
    sendProblem(res, problem) {
      if (problem.status === 404) return pages.sendWall(res, 404, { notice: 'unknown_link' });
      setProblemHeaders(res, problem);
      const refresh = problem.kind === 'unavailable' && res.req.method === 'GET' ? planRepeat(res.req.url) : undefined;
      if (refresh !== undefined) res.setHeader('refresh', refresh);
      send(res, problem.status, renderMessage(refresh === undefined ? toMessage(problem) : REPEATING));
    },
    // A browser shows a page that was loaded in advance without asking for it again, so the visit would be lost to its
    // partner. It throws an answer away that is not 2xx, and asks again when the person really comes.
    refusePrefetch(res) {
      res.setHeader('vary', 'Sec-Purpose, Purpose, Cookie');
      send(res, 403, prefetchPage);
    },
    handleError: createProblemHandler(log, (res, problem) => pages.sendProblem(res, problem)),
  };
  return pages;

  function send(res: Response, status: number, html: string): void {
    setSecurityHeaders(res.req, res);
    const length = Buffer.byteLength(html);
    res.writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': length,
      'cache-control': 'no-store',
    });
    res.end(html);
  }
}

function toMessage({ kind, title, detail }: Problem): Message {
  switch (kind) {
    case 'unavailable':
      return { title: 'We cannot take you there right now', text: 'Please open the link again in a few minutes.' };
    case 'malformed':
      return { title: 'This link cannot be read', text: 'It may have been cut off or changed on its way to you.' };
    default:
      return { title, text: detail };
  }
}
