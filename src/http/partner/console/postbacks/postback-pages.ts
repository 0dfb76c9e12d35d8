import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { asActor, partnerActor } from '../../../../db/audit.ts';
import { readPartner, updatePartner } from '../../../../db/partners.ts';
import { listSigningSecrets } from '../../../../db/keys/signing-secrets.ts';
import type { PostbackSettings } from '../../../../domain/postbacks/postback-settings.ts';
import { buildReferralLink } from '../../../../domain/trackers/fill-preset.ts';
import { findPreset } from '../../../../domain/trackers/presets.ts';
import type { AddressRules } from '../../../../outbound/address-rules.ts';
import { AppError } from '../../../../errors.ts';
import { firstOf, readQuery } from '../../../protocol/query.ts';
import type { TestCalls, Tried } from '../../test-calls/test-calls.ts';
import { leadBack } from '../../../console/console-pages.ts';
import { requestText } from '../../../console/http-texts.ts';
import { sessionOf } from '../partner-session.ts';
import { checkForm, formOf, readEditorForm, sentence, type CheckedForm, type EditorForm } from './editor-form.ts';
import { sendEditor, type ShownBeside } from './editor-page.ts';
import { addPresetPages } from './preset-pages.ts';
import { addSigningPages } from './signing-pages.ts';

export type PostbackPagesDeps = {
  db: Knex;
  publicUrl: string;
  addressRules: AddressRules;
  testCalls: TestCalls;
};

const PATH = '/console/postbacks';
const NOT_YET = 'Nothing was sent: the settings cannot be used yet. What is wrong stands beside its field.';
const UNTRIED = { testStatus: '', testRefId: '' };

/** The settings of a partner's postbacks: editing, checking, trying and saving them. */
export function addPostbackPages(routes: Router, deps: PostbackPagesDeps): void {
  const { db, addressRules, testCalls } = deps;
  const check = (form: EditorForm) => checkForm(form, addressRules);

  routes.get('/postbacks', async (req, res) => {
    const preset = findPreset(firstOf(readQuery(req.url).preset));
    const form = formOf(await readSettingsOf(res));
    await showEditor(res, form, preset && { filling: { preset, values: {}, errors: {} } });
  });

  routes.post('/postbacks', async (req, res) => {
    const form = readEditorForm(req.body);
    const { settings } = check(form);
    if (!settings) return await showEditor(res, form, { status: 422 });
    await save(res, settings);
    leadBack(res, PATH, 'Saved. Every attempt from now on goes by these settings.');
  });

  routes.post('/postbacks/check', (req, res) => showEditor(res, readEditorForm(req.body)));

  routes.post('/postbacks/test', async (req, res) => {
    const form = readEditorForm(req.body);
    const { settings } = check(form);
    if (!settings) return await showEditor(res, form, { testRefusal: NOT_YET });
    try {
      await showEditor(res, form, { test: await testCalls.send(sessionOf(res).partnerId, triedBy(form, settings)) });
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== 'too_many') throw error;
      await showEditor(res, form, { testRefusal: error.message });
    }
  });

  routes.post('/postbacks/remove', async (_req, res) => {
    await save(res, null);
    leadBack(res, PATH, 'Removed: nothing is sent to you any more.');
  });

  addPresetPages(routes, showEditor, readSettingsOf);
  addSigningPages(routes, {
    db,
    show: async (res, newSecret) => showEditor(res, formOf(await readSettingsOf(res)), { newSecret }),
  });

  async function showEditor(res: Response, form: EditorForm, shown: ShownBeside = {}): Promise<void> {
    const { status = 200, newSecret, ...also } = shown;
    const { partnerId } = sessionOf(res);
    const [saved, secrets] = await Promise.all([readSettingsOf(res), listSigningSecrets(db, partnerId)]);
    const checked = isUntouched(form) ? { settings: undefined, errors: {} } : check(form);
    const preset = findPreset(form.tracker);
    sendEditor(res, status, {
      ...{ test: undefined, testRefusal: undefined, filling: undefined, form, errors: checked.errors, preset },
      ...also,
      ...(await previewOf(partnerId, form, checked)),
      isSetUp: saved !== null,
      isSaved: isSame(formOf(saved), form),
      referralLink: buildReferralLink(deps.publicUrl, partnerId, also.filling?.preset ?? preset ?? null),
      signing: { secrets, newSecret },
    });
  }

  async function previewOf(partnerId: string, form: EditorForm, { settings }: CheckedForm) {
    if (!settings) return { preview: undefined, warnings: [] };
    const { request, error, warnings } = await testCalls.preview(partnerId, triedBy(form, settings));
    const told = warnings.map((warning) => ({ ...warning, message: sentence(warning.message) }));
    return { preview: { text: requestText(request), error }, warnings: told };
  }

  async function save(res: Response, postback: PostbackSettings | null): Promise<void> {
    const { partnerId } = sessionOf(res);
    await asActor(db, partnerActor(partnerId), (trx) => updatePartner(trx, partnerId, { postback }));
  }

  async function readSettingsOf(res: Response): Promise<PostbackSettings | null> {
    return (await readPartner(db, sessionOf(res).partnerId))?.postback ?? null;
  }
}

function triedBy({ testStatus, testRefId }: EditorForm, draft: PostbackSettings): Tried {
  return { status: testStatus, refId: testRefId === '' ? undefined : testRefId, draft };
}

/** Nothing has been typed by a partner who has no settings. */
function isUntouched({ url, byStatus }: EditorForm): boolean {
  return url === '' && Object.values(byStatus).every((own) => own.isSent && own.url === '' && own.word === '');
}

/** Whether two forms say the same settings, whatever they try. */
function isSame(one: EditorForm, other: EditorForm): boolean {
  return JSON.stringify({ ...one, ...UNTRIED }) === JSON.stringify({ ...other, ...UNTRIED });
}
