import { parse, type ParsedUrlQuery } from 'node:querystring';

const NO_QUERY: ParsedUrlQuery = {};

/** The query of a request; never throws, whatever was sent. */
export function readQuery(url: string): ParsedUrlQuery {
  const at = url.indexOf('?');
  return at === -1 ? NO_QUERY : parse(url.slice(at + 1));
}

/** A parameter that was sent twice counts as it came first; an empty one was not sent. */
export function firstOf(value: string | string[] | undefined): string | undefined {
  return (typeof value === 'object' ? value[0] : value) || undefined;
}
