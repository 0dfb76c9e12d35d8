import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { makeProblem, sendProblem } from './problem.ts';

const READING = ['GET', 'HEAD', 'OPTIONS'];
const ELSEWHERE = ['cross-site', 'same-site'];

/**
 * Lets in only requests that name this listener as people and programs of ours do: `localhost`, an IP address, or one of
 * `hosts`. A page of a stranger whose name leads to this machine (DNS rebinding) calls us by that name; an address cannot
 * be made to lead elsewhere. What changes something must come from a page of the same host, if it comes from a page. Of pages
 * of other sites, be it on another port of this machine, only links lead here: they read nothing, embed nothing.
 */
export function createHostCheck(hosts: readonly string[]): RequestHandler {
  const names = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  return (req, res, next) => {
    // RFC 9112, 3.2. Node shows only the first, and a proxy before us may have judged by another one.
    if ((req.headersDistinct.host?.length ?? 0) > 1) {
      return sendProblem(res, makeProblem('malformed', 'The request has several Host headers: send one.'));
    }
    const { host, origin } = req.headers;
    if (!isOurs(nameIn(host), names)) {
      const asked = host === undefined ? 'no host' : `"${host}"`;
      const detail = `This listener does not answer to ${asked}: use localhost or its address, or add the name to OPS_ALLOWED_HOSTS.`;
      return sendProblem(res, makeProblem('wrong_host', detail));
    }
    if (ELSEWHERE.includes(String(req.headers['sec-fetch-site'])) && !isLink(req)) {
      const detail = 'A page of another site may not call this listener: it may only link to it.';
      return sendProblem(res, makeProblem('wrong_origin', detail));
    }
    if (!READING.includes(req.method) && origin !== undefined && !isSamePlace(origin, host, names)) {
      const detail = `A page of ${origin} may not change anything here: only pages of this listener may.`;
      return sendProblem(res, makeProblem('wrong_origin', detail));
    }
    next();
  };
}

/** Whether a browser shows the answer as a page of its own, so that the other page learns nothing of it. */
function isLink({ method, headers }: Request): boolean {
  const isNavigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return isNavigation && READING.includes(method);
}

/** The name or address in a Host header, without its port. */
function nameIn(host: string | undefined): string | undefined {
  const name = /^(\[[\da-f:.]+\]|[^:[\]@/?#\\\s]+)(?::\d*)?$/i.exec(host ?? '')?.[1];
  return name?.toLowerCase().replace(/^\[|\]$/g, '');
}

function isOurs(name: string | undefined, names: ReadonlySet<string>): boolean {
  return name !== undefined && (names.has(name) || isIP(name) !== 0);
}

/**
 * Behind a proxy the page may know us by another of our names than the request does. Addresses and `localhost` are no such
 * names: they are of the machine, and another program may listen on another port of it.
 */
function isSamePlace(origin: string, host: string | undefined, names: ReadonlySet<string>): boolean {
  const place = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase();
  if (place === undefined) return false;
  const name = nameIn(place);
  return place === host?.toLowerCase() || (name !== undefined && !isOfMachine(name) && names.has(name));
}

function isOfMachine(name: string): boolean {
  return name === 'localhost' || isIP(name) !== 0;
}
