import type { Request, Response, Router } from 'express';
import type { Knex } from 'knex';
import { readAdvertiser, type Advertiser } from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { changePull, pullChanges, type PullChange } from '../../../db/pulls/change-pull.ts';
import { listPulls, readPullStanding } from '../../../db/pulls/pull-reports.ts';
import { deletePullSettings, readPullSettings, type PullSettings } from '../../../db/pulls/pull-settings.ts';
import { importFields } from '../../../domain/imports/columns.ts';
import { explainUnlogged } from '../../../domain/imports/explain-refusal.ts';
import { explainPull } from '../../../domain/pulls/explain-pull.ts';
import { MAX_HEADERS } from '../../../domain/pulls/own-headers.ts';
import { pullFormats, type PullFormat } from '../../../domain/pulls/pull.ts';
import { AppError, refuseField } from '../../../errors.ts';
import type { AddressRules } from '../../../outbound/address-rules.ts';
import { savePull } from '../../../outbound/save-pull.ts';
import { leadBack } from '../../console/console-pages.ts';
import { refusalOf, textIn } from '../../console/form.ts';
import { placesOf, readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { readWith } from '../../fields/read-with.ts';
import { pullListSchema, pullSchema } from '../../imports/pull-fields.ts';
import { sayDuration } from '../../pages/say-duration.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { advertiserAt, importAt } from '../addresses.ts';
import { defineQuestion } from '../confirm-page.ts';
import { COLUMNS } from '../imports/import-pages.ts';
import { mayOf } from '../ops-page.ts';
import { sendPull, type PullForm } from './pull-page.ts';

const sendQuestion = defineQuestion('advertisers');

export type PullPagesDeps = { db: Knex; addressRules: AddressRules; pullHeaderKeys: readonly string[] };

const MINUTE_MS = 60_000;
const USUAL_MINUTES = 60;
const PULLS_SHOWN = 20;
const LEAST_HEADER_ROWS = 2;
const FORMAT_LABELS: Readonly<Record<PullFormat, string>> = {
  auto: 'Found out by its beginning',
  csv: 'CSV with a header',
  json_lines: 'JSON lines, an object in each',
  json: 'An array of JSON objects',
};
const FORMATS = pullFormats.map((value) => ({ value, label: FORMAT_LABELS[value] }));
const SAID: Readonly<Record<PullChange, string>> = {
  run: 'A pull was asked for.',
  pause: 'Paused: nothing is pulled until it goes on.',
  resume: 'It goes on.',
};

/** From where the exports of advertisers are pulled, and what came of it. */
export function addPullPages(routes: Router, { db, addressRules, pullHeaderKeys }: PullPagesDeps): void {
  routes.get('/advertisers/:id/pull', async (req, res) => await show(req, res, await find(req.params.id)));

  routes.post('/advertisers/:id/pull', needs('admin'), async (req, res) => {
    const advertiser = await find(req.params.id);
    const form = readForm(req.body);
    try {
      await save(res, advertiser, form);
    } catch (error) {
      return await show(req, res, advertiser, { form, ...refusalOf(error, { conflict: 'headers' }) });
    }
    leadBack(res, pullAt(advertiser), 'Saved.');
  });

  for (const change of pullChanges) {
    routes.post(`/advertisers/:id/pull/${change}`, async (req, res) => {
      const { advertiser_id: advertiserId, name } = await find(req.params.id);
      const isThere = await changePull(db, { advertiserId, change, actor: actorOf(res) });
      if (!isThere) throw notPulled(name);
      leadBack(res, pullAt({ advertiser_id: advertiserId }), SAID[change]);
    });
  }

  routes.get('/advertisers/:id/pull/end', needs('admin'), async (req, res) => {
    const advertiser = await find(req.params.id);
    const title = `Pull no more from ${advertiser.name}?`;
    sendQuestion(
      res,
      { title },
      {
        question: {
          ...{ back: { href: pullAt(advertiser), label: 'Pull' }, title, isDangerous: true },
          texts: [
            'Its URL and headers are deleted, and nothing is fetched any more.',
            'What was imported stays, and so does the list of pulls. To stop for a while, pause it instead.',
          ],
          ...{ post: `${pullAt(advertiser)}/end`, yes: 'Pull no more', no: 'Leave it' },
        },
      },
    );
  });

  routes.post('/advertisers/:id/pull/end', needs('admin'), async (req, res) => {
    const advertiser = await find(req.params.id);
    const { advertiser_id: id, name } = advertiser;
    if (!(await asActor(db, actorOf(res), (trx) => deletePullSettings(trx, id)))) throw notPulled(name);
    leadBack(res, pullAt(advertiser), 'Nothing is pulled any more.');
  });

  async function find(advertiserId: string): Promise<Advertiser> {
    const advertiser = await readAdvertiser(db, advertiserId);
    if (!advertiser) throw new AppError('unknown', `There is no advertiser ${advertiserId}.`);
    return advertiser;
  }

  async function save(res: Response, { advertiser_id: advertiserId }: Advertiser, form: PullForm): Promise<void> {
    const stored = await readPullSettings(db, advertiserId);
    const { every_minutes: everyMinutes, ...given } = readWith(pullSchema, toGiven(form, stored));
    const deps = { addressRules, headerKeys: pullHeaderKeys };
    await asActor(db, actorOf(res), (trx) => savePull(trx, { ...given, everyMinutes, advertiserId }, deps));
  }

  async function show(
    req: Request,
    res: Response,
    advertiser: Advertiser,
    { status = 200, form, errors = {} }: { status?: number; form?: PullForm; errors?: Record<string, string> } = {},
  ): Promise<void> {
    const { advertiser_id: advertiserId } = advertiser;
    const list = readListFilters(req, pullListSchema, visitOf(res).timeZone);
    const { cursor } = list.filters;
    const { rows, next } = await listPulls(db, { advertiserId, limit: PULLS_SHOWN, cursor });
    const settings = await readPullSettings(db, advertiserId);
    const standing = await readPullStanding(db, advertiserId);
    const waitsFor = standing?.waits_for_import_id ?? null;
    const minutes = settings?.every_minutes ?? USUAL_MINUTES;
    sendPull(
      res,
      { title: `Pull of ${advertiser.name}`, status },
      {
        ...{ advertiser, settings, errors, formats: FORMATS, columns: COLUMNS, may: mayOf(res) },
        ...{ standing, waitsForHref: waitsFor === null ? null : importAt(waitsFor) },
        pulls: rows.map((pull) => ({ ...pull, ...showPull(pull) })),
        ...placesOf(list, next),
        form: form ?? formOf(settings),
        every: sayDuration(minutes * MINUTE_MS),
        mayKeepHeaders: pullHeaderKeys.length > 0,
      },
    );
  }
}

function pullAt({ advertiser_id }: Pick<Advertiser, 'advertiser_id'>): string {
  return `${advertiserAt(advertiser_id)}/pull`;
}

function showPull(pull: Awaited<ReturnType<typeof listPulls>>['rows'][number]) {
  const { problem, detail, http_status: httpStatus, bytes, import_id, unlogged } = pull;
  return {
    error: explainPull({ problem, detail, httpStatus }) ?? explainUnlogged(unlogged),
    size: bytes === null ? '–' : showSize(bytes),
    importHref: import_id === null ? null : importAt(import_id),
  };
}

const KILOBYTE = 1000;

function showSize(bytes: number): string {
  if (bytes < KILOBYTE) return `${bytes}\u00a0B`;
  const [size, unit] = bytes < KILOBYTE * KILOBYTE ? [bytes / KILOBYTE, 'KB'] : [bytes / KILOBYTE / KILOBYTE, 'MB'];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)}\u00a0${unit}`;
}

function formOf(settings: PullSettings | undefined): PullForm {
  const names = settings?.header_names ?? [];
  const emptyRows = Math.min(LEAST_HEADER_ROWS, MAX_HEADERS - names.length);
  return {
    url: settings?.url ?? '',
    format: settings?.format ?? 'auto',
    every_minutes: String(settings?.every_minutes ?? USUAL_MINUTES),
    notify: String(settings?.notify ?? true),
    headers: [...names, ...Array<string>(emptyRows).fill('')].map((name) => ({ name, value: '' })),
    columns: settings?.mapping ?? {},
  };
}

function readForm(body: unknown): PullForm {
  const text = (name: string) => textIn(body, name).trim();
  const headers = Array.from({ length: MAX_HEADERS }, (_, index) => ({
    name: text(`header_name_${index}`),
    value: text(`header_value_${index}`),
  }));
  const lastRow = headers.findLastIndex(({ name, value }) => name !== '' || value !== '');
  const named = importFields.map((field) => [field, text(`column_${field}`)] as const);
  return {
    ...{ url: text('url'), format: text('format'), every_minutes: text('every_minutes'), notify: text('notify') },
    headers: headers.slice(0, Math.max(LEAST_HEADER_ROWS, lastRow + 1)),
    columns: Object.fromEntries(named.filter(([, column]) => column !== '')),
  };
}

/** The form as the API takes it: a header of which only the name is given keeps its value. */
function toGiven({ headers, notify, every_minutes, columns, ...form }: PullForm, stored: PullSettings | undefined) {
  const given = headers.filter(({ name }) => name !== '');
  const twice = given.find(({ name }, index) => given.findIndex((other) => other.name === name) !== index);
  if (twice) throw refuseField(`headers.${twice.name}`, 'stands here twice');
  const isNamed = (name: string) => stored?.header_names.includes(name) === true;
  const lacking = given.find(({ name, value }) => value === '' && !isNamed(name));
  if (lacking) throw refuseField(`headers.${lacking.name}`, 'has no value yet: give one');
  const nameless = headers.find(({ name, value }) => name === '' && value !== '');
  if (nameless) throw refuseField('headers', 'A value has no name.');
  return {
    ...form,
    every_minutes: /^\d{1,9}$/.test(every_minutes) ? Number(every_minutes) : every_minutes,
    notify: notify === 'true',
    headers: Object.fromEntries(given.map(({ name, value }) => [name, value === '' ? null : value])),
    mapping: columns,
  };
}

function notPulled(name: string): AppError {
  return new AppError('unknown', `Nothing is pulled from ${name}.`);
}
