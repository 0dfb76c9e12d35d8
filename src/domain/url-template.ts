import { findLengthProblem, findUrlProblem } from './web-url.ts';

export type TemplateProblem = {
  code: 'unknown_macro' | 'malformed_macro' | 'misplaced_macro' | 'missing_macro' | 'invalid_url';
  message: string;
};

/** The macros a template may hold, and what people call them elsewhere. */
export type MacroVocabulary = {
  macros: readonly string[];
  /** A word of other systems → the macro that means the same. */
  synonyms: Readonly<Record<string, string>>;
  /** The macro that messages show when they say how one is written. */
  example: string;
};

/**
 * A value that would change where a URL leads, or a template that was stored without being checked. `dots_in_path`: with
 * its values, a segment of the path would be "." or "..".
 */
export class UrlTemplateError extends Error {
  override readonly name = 'UrlTemplateError';

  readonly code: 'dots_in_path' | 'invalid_url';

  constructor(code: UrlTemplateError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const BRACED = /\{([^{}]*)\}/g;
// How some systems write macros; our parser would only see a broken escape.
const PERCENT_MACRO = /%([a-z_]\w*)%(?![0-9a-f]{2})/i;
const HAS_HOST = /^[a-z]+:\/\/[^/?#]/i;
const PROBE = 'm';

/** Everything that is wrong with a URL holding macros such as `{ref_id}`; empty when it may be stored. */
export function checkUrlTemplate(template: string, vocabulary: MacroVocabulary): TemplateProblem[] {
  // The work grows with the square of the length, so an overlong text is refused first.
  const lengthProblem = findLengthProblem(template);
  if (lengthProblem !== null) return [{ code: 'invalid_url', message: lengthProblem }];
  const found = [...template.matchAll(BRACED)].map((match) => ({ name: match[1] ?? '', index: match.index }));
  const masked = maskMacros(template);
  const macroProblems = [
    ...found.flatMap(({ name }) => checkName(name, vocabulary)),
    ...checkLeftovers(template, vocabulary),
    // Without a host everything seems to stand in its place: then that is what is wrong.
    ...(HAS_HOST.test(template) ? found.flatMap(({ name, index }) => checkPlace(masked, name, index)) : []),
  ];
  const urlProblem = findUrlProblem(template) ?? findTemplateUrlProblem(template);
  // Braces where no macro may be make a URL unreadable: the cause is worth a message, its consequence is not.
  if (urlProblem === null || macroProblems.some(({ code }) => code === 'misplaced_macro')) return macroProblems;
  return [...macroProblems, { code: 'invalid_url', message: urlProblem }];
}

/**
 * Puts percent-encoded values in place of the macros and returns the URL as it will be sent, in ASCII.
 *
 * @throws UrlTemplateError when the filled URL would not keep the template's origin, path segments and parameter names
 */
export function fillUrlTemplate(template: string, values: Readonly<Record<string, string>>): string {
  const filled = template.replace(BRACED, (_braced, name: string) => {
    if (!Object.hasOwn(values, name)) throw invalidUrl(`No value for the macro {${name}} of ${template}`);
    return encodeURIComponent((values[name] ?? '').toWellFormed());
  });
  // Nothing can encode them: the URL standard reads `%2e%2e` as `..` too. Such a value must not be sent at all.
  const dots = findDotSegment(filled);
  if (dots) throw new UrlTemplateError('dots_in_path', `${tellDots(template, dots)} cannot be part of a path`);
  if (!URL.canParse(filled)) throw invalidUrl(`Filled with its values, ${template} is no URL`);
  const url = new URL(filled);
  if (shapeOf(url) !== shapeOfTemplate(template)) {
    throw invalidUrl(`The values would change the origin, path or parameters of ${template}`);
  }
  return url.href;
}

/** The URL with a letter for each macro, to read what values never change: its scheme, host and port. */
export function parseUrlTemplate(template: string): URL {
  return new URL(fillWithProbes(template));
}

/** True for a template whose filled URL says something: two different events can give two different URLs. */
export function holdsMacro(template: string): boolean {
  return template.search(BRACED) !== -1;
}

function checkName(name: string, { macros, synonyms, example }: MacroVocabulary): TemplateProblem[] {
  if (macros.includes(name)) return [];
  if (!/^[\w.-]+$/.test(name))
    return [{ code: 'malformed_macro', message: `{${name}} is not a macro: write {${example}}` }];
  const nearest = findNearestMacro(name, macros, synonyms);
  const hint = nearest === undefined ? `known are ${macros.map(braced).join(' ')}` : `did you mean {${nearest}}?`;
  return [{ code: 'unknown_macro', message: `{${name}} is not known; ${hint}` }];
}

function checkLeftovers(template: string, { macros, synonyms, example }: MacroVocabulary): TemplateProblem[] {
  const problems: TemplateProblem[] = [];
  const add = (message: string) => problems.push({ code: 'malformed_macro', message });
  if (/[{}]/.test(template.replace(BRACED, ''))) add(`a macro has one brace on each side: {${example}}`);
  if (/[$%]\{/.test(template)) add(`a macro is written without a sign before its brace: {${example}}`);
  const encoded = /%7B\s*(\w+)\s*%7D/i.exec(template);
  if (encoded) add(`${encoded[0]} would be sent as it is: write {${encoded[1]}}`);
  if (/[?&][^#]*&amp;/i.test(template)) add('&amp; is how a web page writes &: write & between two parameters');
  const percent = PERCENT_MACRO.exec(template);
  if (percent) {
    const meant = findNearestMacro(percent[1] ?? '', macros, synonyms) ?? example;
    add(`${percent[0]} is how another system writes a macro: write {${meant}}`);
  }
  return problems;
}

function checkPlace(masked: string, name: string, index: number): TemplateProblem[] {
  const place = findForbiddenPlace(masked, index);
  if (place === null) return [];
  const message = `{${name}} may stand in the path or in the value of a parameter, not in ${place}`;
  return [{ code: 'misplaced_macro', message }];
}

function findForbiddenPlace(masked: string, index: number): string | null {
  const authority = /^[a-z]+:\/\/[^/?#]*/i.exec(masked)?.[0] ?? masked;
  if (index < authority.length) return 'the scheme, host or port';
  const fragmentAt = masked.indexOf('#');
  if (fragmentAt !== -1 && index > fragmentAt) return 'the fragment';
  const queryAt = masked.indexOf('?');
  if (queryAt === -1 || index < queryAt) return null;
  const parameterAt = Math.max(queryAt, masked.lastIndexOf('&', index)) + 1;
  return masked.slice(parameterAt, index).includes('=') ? null : 'the name of a parameter';
}

function findTemplateUrlProblem(template: string): string | null {
  // An incomplete escape would swallow the first characters of the value after it.
  if (/%(?![0-9a-f]{2})/i.test(template.replace(/%(?=\{)/g, '').replace(PERCENT_MACRO, '')))
    return 'a % must be written as %25';
  if (findDotSegment(fillWithProbes(template))) return 'the path must not contain "." or ".." as a segment';
  return null;
}

type DotSegment = { index: number; text: string };

function findDotSegment(url: string): DotSegment | undefined {
  const segments = segmentsOf(url);
  const index = segments.findIndex((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
  return index === -1 ? undefined : { index, text: segments[index] ?? '' };
}

function segmentsOf(url: string): string[] {
  const path = /^https?:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? '';
  return path.split('/');
}

/** What made a segment of dots. No value can hold a slash of its own, so the template has a segment for it. */
function tellDots(template: string, { index, text }: DotSegment): string {
  const segment = segmentsOf(template)[index] ?? '';
  const macro = /^\{([^{}]*)\}$/.exec(segment);
  return macro ? `the ${macro[1]} "${text}"` : `"${segment}" becomes "${text}", which`;
}

function invalidUrl(message: string): UrlTemplateError {
  return new UrlTemplateError('invalid_url', message);
}

/** What values may not change, as one text to compare. */
function shapeOf(url: URL): string {
  const { protocol, username, password, host, pathname, searchParams, hash } = url;
  return JSON.stringify([
    protocol,
    username,
    password,
    host,
    pathname.split('/').length,
    [...searchParams.keys()],
    hash,
  ]);
}

const MAX_SHAPES = 100;
const shapes = new Map<string, string>();

/** Remembered, because a replay fills the same template thousands of times. */
function shapeOfTemplate(template: string): string {
  const known = shapes.get(template);
  if (known !== undefined) return known;
  if (shapes.size >= MAX_SHAPES) shapes.clear();
  const shape = shapeOf(parseUrlTemplate(template));
  shapes.set(template, shape);
  return shape;
}

function fillWithProbes(template: string): string {
  return template.replace(BRACED, PROBE);
}

/** Hides what is inside braces and keeps every position. */
function maskMacros(template: string): string {
  return template.replace(BRACED, (macro) => PROBE.repeat(macro.length));
}

/** The macro nearest to a name that is none; undefined when none is near. */
export function findNearestMacro<Macro extends string>(
  name: string,
  macros: readonly Macro[],
  synonyms: Readonly<Record<string, Macro>>,
): Macro | undefined {
  const known = findKnownMacro(name, macros, synonyms);
  if (known) return known;
  const plain = plainWord(name);
  const ranked = macros
    .map((macro) => ({ macro, distance: editDistance(plain, plainWord(macro)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance * 2 < Math.max(plain.length, 3) ? best.macro : undefined;
}

/** The macro of that name or of that synonym, whatever its case and its underscores; undefined when there is none. */
export function findKnownMacro<Macro extends string>(
  name: string,
  macros: readonly Macro[],
  synonyms: Readonly<Record<string, Macro>>,
): Macro | undefined {
  const plain = plainWord(name);
  if (Object.hasOwn(synonyms, plain)) return synonyms[plain];
  return macros.find((macro) => plainWord(macro) === plain);
}

function plainWord(name: string): string {
  return name.toLowerCase().replace(/[_.-]/g, '');
}

function braced(name: string): string {
  return `{${name}}`;
}

/** Levenshtein's distance. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
