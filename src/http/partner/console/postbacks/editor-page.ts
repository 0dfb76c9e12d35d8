import type { Response } from 'express';
import { macroNames } from '../../../../domain/postbacks/postback-url.ts';
import { statuses } from '../../../../domain/status.ts';
import type { SettingsWarning } from '../../../../domain/postbacks/settings-warning.ts';
import type { TrackerPreset } from '../../../../domain/trackers/tracker-preset.ts';
import { trackerPresets } from '../../../../domain/trackers/presets.ts';
import type { TestResult } from '../../../../outbound/test-call.ts';
import { definePage } from '../console-page.ts';
import { answerText, requestText } from '../../../console/http-texts.ts';
import type { EditorErrors, EditorForm } from './editor-form.ts';
import { SIGNING_PART, type SigningData } from './signing-part.ts';
import { TRY_PART } from './try-part.ts';

export type EditorData = {
  form: EditorForm;
  errors: EditorErrors;
  warnings: SettingsWarning[];
  /** Whether settings are saved, and whether these are they. */
  isSetUp: boolean;
  isSaved: boolean;
  /** The tracker that the settings are for, with the referral link as it wants it. */
  preset: TrackerPreset | undefined;
  referralLink: string;
  /** The preset that is being filled in. */
  filling: { preset: TrackerPreset; values: Record<string, string>; errors: EditorErrors } | undefined;
  /** The exact bytes of what would be sent; undefined while the form is refused. */
  preview: { text: string; error: string | null } | undefined;
  test: TestResult | undefined;
  testRefusal: string | undefined;
  signing: SigningData;
};

/** What a page says beyond the form itself. */
export type ShownBeside = Partial<Pick<EditorData, 'test' | 'testRefusal' | 'filling'>> & {
  status?: number;
  newSecret?: string | undefined;
};

/** Shows the editor with a form in it. */
export type ShowEditor = (res: Response, form: EditorForm, shown?: ShownBeside) => Promise<void>;

const texts = { answerText, requestText };
const words = {
  statuses,
  macros: macroNames,
  statusOptions: statuses.map((status) => ({ value: status, label: status })),
  methods: ['GET', 'POST'].map((method) => ({ value: method, label: method })),
  bodies: [
    { value: 'form', label: 'Form fields' },
    { value: 'json', label: 'JSON' },
  ],
  presets: [
    { value: '', label: 'Choose yours' },
    ...trackerPresets.map(({ id, name }) => ({ value: id, label: name })),
  ],
  trackers: [
    { value: '', label: 'Another, or my own' },
    ...trackerPresets.map(({ id, name }) => ({ value: id, label: name })),
  ],
};

const PRESET_PART = `
<section class="card" aria-labelledby="preset-title">
<h2 id="preset-title">Start from your tracker</h2>
<% if (it.filling) { const { preset, values, errors } = it.filling; %>
<form method="post" action="/console/postbacks/preset#editor">
<%~ it.show.formToken() %>
<input type="hidden" name="preset" value="<%= preset.id %>">
<h3><%= preset.name %></h3>
<ol><% for (const step of preset.setup_steps) { %><li><%= step %></li><% } %></ol>
<% for (const field of preset.fields) { %>
<%~ it.show.field({ name: 'preset.' + field.name, label: field.label, value: values[field.name], error: errors[field.name], attributes: { placeholder: field.example, maxlength: '300', autocomplete: 'off', spellcheck: 'false' } }) %>
<% } %>
<% if (preset.caution) { %><%~ it.show.notice({ tone: 'busy', text: preset.caution }) %><% } %>
<% if (preset.unverified) { %><%~ it.show.notice({ tone: 'busy', title: 'Not verified', text: preset.unverified }) %><% } %>
<div class="row"><button>Fill the form below</button><a class="button quiet" href="/console/postbacks">Not now</a><a class="small" href="<%= preset.docs_url %>" rel="noreferrer">Where this comes from</a></div>
</form>
<% } else { %>
<form method="get" action="/console/postbacks" class="row preset-choice">
<%~ it.show.select({ name: 'preset', label: 'Tracker', value: it.preset ? it.preset.id : '', options: it.words.presets }) %>
<button class="plain">Choose</button>
</form>
<% } %>
</section>
`;

const EDITOR_PART = `
<div class="card">
<h2>Settings</h2>
<%~ it.show.field({ name: 'url', label: 'Postback URL', rows: 5, value: it.form.url, error: it.errors.url,
  help: 'With macros such as {ref_id} and {status} in its path or in the values of its parameters.', attributes: { maxlength: '2048', spellcheck: 'false', autocomplete: 'off', required: '' } }) %>
<details class="macros"><summary>All macros</summary><p><% for (const macro of it.words.macros) { %><code>{<%= macro %>}</code> <% } %></p><p class="small"><a href="/docs#macros">What each one is</a></p></details>
<div class="split">
<%~ it.show.select({ name: 'method', label: 'Method', value: it.form.method, error: it.errors.method, options: it.words.methods }) %>
<%~ it.show.select({ name: 'body', label: 'Body of a POST', value: it.form.body, error: it.errors.body, options: it.words.bodies, help: 'A GET has none.' }) %>
</div>
<fieldset<% if (it.errors.statuses) { %> aria-describedby="statuses-error"<% } %>>
<legend>Which statuses, in which words</legend>
<% if (it.errors.statuses) { %><p class="error" id="statuses-error"><%= it.errors.statuses %></p><% } %>
<% for (const status of it.words.statuses) { const own = it.form.byStatus[status]; %>
<div class="of-status">
<label><input type="checkbox" name="send.<%= status %>" value="yes"<% if (own.isSent) { %> checked<% } %>> Send <%~ it.show.state(status) %></label>
<%~ it.show.field({ name: 'status_words.' + status, label: 'Your word for ' + status, value: own.word, error: it.errors['status_words.' + status], attributes: { placeholder: status, maxlength: '64', autocomplete: 'off' } }) %>
<details<% if (own.url || it.errors['status_urls.' + status]) { %> open<% } %>><summary>A URL of its own for <%= status %></summary>
<%~ it.show.field({ name: 'status_urls.' + status, label: 'URL for ' + status, rows: 2, value: own.url, error: it.errors['status_urls.' + status], attributes: { maxlength: '2048', spellcheck: 'false', autocomplete: 'off' } }) %>
</details>
</div>
<% } %>
</fieldset>
<fieldset><label><input type="checkbox" name="handover" value="yes"<% if (it.form.handover) { %> checked<% } %>> Tell me rejected when another partner wins a lead that I was told pending for</label>
<p class="soft small"><a href="/docs#handover">Handover</a> is off unless you ask for it.</p>
<label><input type="checkbox" name="canary" value="yes"<% if (it.form.canary) { %> checked<% } %>> Send a test now and then while my endpoint is failing</label>
<p class="soft small">So that we notice when it has recovered, and can offer to replay what failed. <a href="/docs#failing-endpoint">How</a></p></fieldset>
<%~ it.show.select({ name: 'tracker', label: 'What receives the postbacks', value: it.form.tracker, error: it.errors.tracker, options: it.words.trackers, help: 'Sharpens the warnings and changes no request.' }) %>
<div class="row"><button id="save">Save</button><button class="plain" formaction="/console/postbacks/check#try">Check</button><% if (!it.isSaved) { %><span class="soft small">Not saved yet</span><% } %></div>
</div>
`;

const sendPage = definePage<EditorData & { words: typeof words; texts: typeof texts }>(
  'postbacks',
  `
<div class="head"><h1>Postbacks</h1>
<p>Where we call you when the status of a conversion changes, and how. <a href="/docs#postback-url">How it works</a></p></div>
<% if (!it.isSetUp && it.isSaved) { %><%~ it.show.notice({ tone: 'bad', title: 'You have no postback URL', text: 'Rewards are booked, but your tracker hears nothing. Choose your tracker below, or type a URL.' }) %><% } %>
${PRESET_PART}
<section class="card" aria-labelledby="link-title">
<h2 id="link-title">Your referral link<% if (it.preset) { %> for <%= it.preset.name %><% } %></h2>
<p class="row"><code class="wrap"><%= it.referralLink %></code> <%~ it.show.copy(it.referralLink, 'your referral link') %></p>
<% if (it.preset) { %><p><strong>In <%= it.preset.name %>:</strong> <%= it.preset.success_note %></p><% } else { %><p class="soft small">In place of CLICK_ID goes your tracker's macro for its click id. <a href="/docs#ref-id">Why</a></p><% } %>
</section>
<form method="post" action="/console/postbacks" id="editor" class="split editor">
<%~ it.show.formToken() %>
${EDITOR_PART}
${TRY_PART}
</form>
${SIGNING_PART}
<% if (it.isSetUp) { %>
<section class="card" aria-labelledby="remove-title">
<h2 id="remove-title">Stop postbacks</h2>
<p>Without settings nothing is sent; rewards are booked all the same. What is skipped meanwhile can be replayed later.</p>
<%~ it.show.action({ label: 'Remove the settings', post: '/console/postbacks/remove' }, 'danger') %>
</section>
<% } %>
`,
);

export function sendEditor(res: Response, status: number, data: EditorData): void {
  sendPage(res, { title: 'Postbacks', status }, { ...data, words, texts });
}
