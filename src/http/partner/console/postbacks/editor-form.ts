import type { PostbackSettings } from '../../../../domain/postbacks/postback-settings.ts';
import { statuses, type Status } from '../../../../domain/status.ts';
import type { AddressRules } from '../../../../outbound/address-rules.ts';
import { checkSettingsToSave } from '../../../../outbound/settings-check.ts';
import { AppError } from '../../../../errors.ts';
import { refIdFilter } from '../../../fields/filters.ts';
import { postbackSchema } from '../../../fields/postback-settings-schema.ts';
import { readSettings, refuseSettings } from '../../../fields/read-with.ts';
import { textIn } from '../../../console/form.ts';

/** What stands in the editor, as it was typed: nothing of it is lost when it is refused. */
export type EditorForm = {
  url: string;
  method: string;
  body: string;
  tracker: string;
  handover: boolean;
  canary: boolean;
  byStatus: Record<Status, { isSent: boolean; word: string; url: string }>;
  /** What the preview and the test are about. */
  testStatus: Status;
  testRefId: string;
};

/** What is wrong, by the name of the field. */
export type EditorErrors = Record<string, string>;

export type CheckedForm =
  { settings: PostbackSettings; errors: EditorErrors } | { settings: undefined; errors: EditorErrors };

const NONE: PostbackSettings = {
  ...{
    url: '',
    method: 'GET',
    body: null,
    statuses: [...statuses],
    status_words: {},
    status_urls: {},
    handover: false,
  },
};

/** The editor with settings in it; null are those of a partner who has none yet. */
export function formOf(saved: PostbackSettings | null): EditorForm {
  const settings = saved ?? NONE;
  const { url, method, body, handover, canary = false, tracker } = settings;
  return {
    ...{ url, method, body: body ?? 'form', tracker: tracker ?? '', handover, canary },
    byStatus: eachStatus((status) => ({
      isSent: settings.statuses.includes(status),
      word: settings.status_words[status] ?? '',
      url: settings.status_urls[status] ?? '',
    })),
    testStatus: settings.statuses.find((status) => status === 'approved') ?? settings.statuses[0] ?? 'approved',
    testRefId: '',
  };
}

export function readEditorForm(body: unknown): EditorForm {
  const textOf = (name: string) => textIn(body, name).trim();
  const testStatus = statuses.find((status) => status === textOf('test_status')) ?? 'approved';
  return {
    ...{ url: textOf('url'), method: textOf('method'), body: textOf('body'), tracker: textOf('tracker') },
    handover: textOf('handover') !== '',
    canary: textOf('canary') !== '',
    byStatus: eachStatus((status) => ({
      isSent: textOf(`send.${status}`) !== '',
      word: textOf(`status_words.${status}`),
      url: textOf(`status_urls.${status}`),
    })),
    ...{ testStatus, testRefId: textOf('test_ref_id') },
  };
}

/** The settings that the form says, or what is wrong with it. */
export function checkForm(form: EditorForm, addressRules: AddressRules): CheckedForm {
  const refId = refIdFilter.safeParse(form.testRefId === '' ? undefined : form.testRefId);
  if (!refId.success)
    return { settings: undefined, errors: { test_ref_id: sentence(`a ref_id ${refId.error.issues[0]?.message}`) } };
  try {
    const settings = readSettings(postbackSchema, settingsIn(form));
    const problems = checkSettingsToSave(settings, addressRules);
    if (problems.length > 0) throw refuseSettings(problems);
    return { settings, errors: {} };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // The first problem of a field is the one to mend first.
    const named = error.problems.toReversed().map(({ field, message }) => [fieldNameOf(field), sentence(message)]);
    return { settings: undefined, errors: Object.fromEntries(named) as EditorErrors };
  }
}

function settingsIn({ url, method, body, tracker, handover, canary, byStatus }: EditorForm): unknown {
  const given = (key: 'word' | 'url') =>
    Object.fromEntries(
      statuses.flatMap((status) => (byStatus[status][key] === '' ? [] : [[status, byStatus[status][key]]])),
    );
  return {
    ...{ url, method, body: method === 'POST' ? body : null, handover },
    statuses: statuses.filter((status) => byStatus[status].isSent),
    ...{ status_words: given('word'), status_urls: given('url') },
    ...(tracker !== '' && { tracker }),
    ...(canary && { canary }),
  };
}

/** Problems of a list name its places, which the form has no fields for. */
function fieldNameOf(field: string): string {
  return field.startsWith('statuses') ? 'statuses' : field;
}

/** A message of the domain as a page says it. */
export function sentence(message: string): string {
  // What begins with the name of a parameter or a macro keeps it as it is.
  const text = message.replace(/^[a-z]+(?= )/, (word) => word.charAt(0).toUpperCase() + word.slice(1));
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

function eachStatus<Value>(make: (status: Status) => Value): Record<Status, Value> {
  return Object.fromEntries(statuses.map((status) => [status, make(status)])) as Record<Status, Value>;
}
