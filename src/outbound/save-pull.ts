import type { Knex } from 'knex';
import {
  lockPullSettings,
  savePullSettings,
  type NewPullSettings,
  type PullSettings,
} from '../db/pulls/pull-settings.ts';
import { findHeaderProblems } from '../domain/pulls/own-headers.ts';
import { AppError, type FieldProblem } from '../errors.ts';
import { openSealed, sealText } from '../sealed-text.ts';
import type { AddressRules } from './address-rules.ts';
import { findPullUrlProblem } from './pull-url-check.ts';

/** What is asked for. A header whose value is null keeps the value it has; no headers at all keep all of them. */
export type GivenPull = Omit<NewPullSettings, 'headerNames' | 'sealedHeaders' | 'state'> & {
  headers?: Readonly<Record<string, string | null>> | undefined;
  /** Left out: as it is; active when it is new. */
  state?: NewPullSettings['state'] | undefined;
};

type SaveDeps = { addressRules: AddressRules; headerKeys: readonly string[] };
type Stored = Awaited<ReturnType<typeof lockPullSettings>>;

/**
 * Saves from where, and how often, an advertiser's export is pulled.
 * @throws AppError `invalid` with what is wrong, `conflict` where headers cannot be kept or read
 */
export async function savePull(trx: Knex, given: GivenPull, deps: SaveDeps): Promise<PullSettings> {
  const stored = await lockPullSettings(trx, given.advertiserId);
  const { headers: asked, state = stored?.state ?? 'active', ...settings } = given;
  const names = stored?.header_names ?? [];
  const headers = asked ?? Object.fromEntries(names.map((name) => [name, null]));
  refuseWrong(given.url, headers, deps.addressRules);
  const kept = Object.keys(headers).filter((name) => headers[name] === null);
  const values = { ...headers, ...(kept.length > 0 && keep(kept, { stored, url: given.url, deps })) };
  const hasNewHeaders = Object.values(headers).some((value) => value !== null) || names.length !== kept.length;
  return await savePullSettings(trx, {
    ...{ ...settings, state, headerNames: Object.keys(values) },
    sealedHeaders: seal(values as Record<string, string>, given.advertiserId, deps.headerKeys),
    isRevised: hasNewHeaders || isElsewhere(given, stored),
  });
}

function refuseWrong(url: string, headers: Readonly<Record<string, string | null>>, addressRules: AddressRules): void {
  const urlProblem = findPullUrlProblem(url, addressRules);
  const problems = [
    ...(urlProblem === null ? [] : [{ field: 'url', message: urlProblem }]),
    ...findHeaderProblems(headers),
  ];
  if (problems.length > 0) throw refuse(problems);
}

/** Never for another server: it would be told a secret that was given for the first one. */
function keep(
  names: string[],
  { stored, url, deps }: { stored: Stored; url: string; deps: SaveDeps },
): Record<string, string> {
  const unknown = names.filter((name) => !stored?.header_names.includes(name));
  if (!stored || unknown.length > 0) {
    throw refuse(unknown.map((name) => ({ field: `headers.${name}`, message: 'has no value yet: give one' })));
  }
  if (new URL(url).origin !== new URL(stored.url).origin) {
    const message = 'was given for another server: give its value again';
    throw refuse(names.map((name) => ({ field: `headers.${name}`, message })));
  }
  const context = stored.advertiser_id;
  const opened = openSealed(stored.headers_secret ?? '', { keys: deps.headerKeys, context });
  if (opened === undefined) {
    throw new AppError('conflict', 'The stored headers cannot be read with PULL_HEADERS_KEY: give all values again.');
  }
  const values = JSON.parse(opened) as Record<string, string>;
  return Object.fromEntries(names.map((name) => [name, values[name] ?? '']));
}

function seal(headers: Record<string, string>, context: string, keys: readonly string[]): string | null {
  if (Object.keys(headers).length === 0) return null;
  if (keys.length === 0) {
    const detail =
      'Headers cannot be kept here: set PULL_HEADERS_KEY for the roles api and worker, and start them again.';
    throw new AppError('conflict', detail);
  }
  return sealText(JSON.stringify(headers), { keys, context });
}

function isElsewhere({ url, format, mapping }: GivenPull, stored: Stored): boolean {
  if (!stored) return true;
  const isSameMapping = JSON.stringify(sorted(mapping)) === JSON.stringify(sorted(stored.mapping));
  return url !== stored.url || format !== stored.format || !isSameMapping;
}

function sorted(mapping: object): [string, unknown][] {
  return Object.entries(mapping).sort(([one], [other]) => (one < other ? -1 : 1));
}

function refuse(problems: FieldProblem[]): AppError {
  const message = problems.map(({ field, message: what }) => `${field}: ${what}`).join('; ');
  return new AppError('invalid', message, { problems });
}
