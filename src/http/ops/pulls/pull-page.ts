import type { Pull, PullStanding } from '../../../db/pulls/pull-reports.ts';
import type { PullSettings } from '../../../db/pulls/pull-settings.ts';
import type { ImportField } from '../../../domain/imports/columns.ts';
import { definePage, type mayOf } from '../ops-page.ts';

/** What can be typed of a pull; a header without a value keeps the one it has. */
export type PullForm = {
  url: string;
  format: string;
  every_minutes: string;
  notify: string;
  headers: { name: string; value: string }[];
  columns: Partial<Record<ImportField, string>>;
};

export type PullPageData = {
  advertiser: { advertiser_id: string; name: string };
  settings: PullSettings | undefined;
  standing: PullStanding | undefined;
  /** The import that pulls wait for. */
  waitsForHref: string | null;
  /** Each with what went wrong, and what it brought. */
  pulls: (Pull & { error: string | null; size: string; importHref: string | null })[];
  first: string | undefined;
  next: string | undefined;
  form: PullForm;
  errors: Record<string, string>;
  formats: { value: string; label: string }[];
  columns: { field: ImportField; label: string; help: string }[];
  every: string;
  mayKeepHeaders: boolean;
  may: ReturnType<typeof mayOf>;
};

/** From where an advertiser's export is pulled, how that stands, and what came of it. */
export const sendPull = definePage<PullPageData>(
  'advertisers',
  `
<% const address = '/ops/advertisers/' + encodeURIComponent(it.advertiser.advertiser_id); const settings = it.settings; const standing = it.standing; %>
<p class="small"><a href="<%= address %>"><%= it.advertiser.name %></a></p>
<div class="head"><h1>Pull</h1><% if (settings) { %><div class="row"><%~ it.show.state(settings.state) %>
<% if (it.may.operate) { %><%~ it.show.action({ label: 'Pull now', post: address + '/pull/run' }) %><% if (settings.state === 'active') { %><%~ it.show.action({ label: 'Pause', post: address + '/pull/pause' }, 'plain') %><% } else { %><%~ it.show.action({ label: 'Go on', post: address + '/pull/resume' }, 'plain') %><% } %><% } %></div><% } %></div>
<% if (!settings) { %>
<p class="soft">An advertiser that never calls may have an address with all its conversions instead. It is fetched again and again, and what is new in it is booked, as if the file had been brought here by hand.</p>
<% } %>
<% if (standing?.failing_since) { %>
<%~ it.show.notice({ tone: 'bad', title: standing.failures === 1 ? 'The last pull failed' : 'The last ' + standing.failures.toLocaleString('en') + ' pulls failed', text: 'It has failed since ' + standing.failing_since + ', and goes on at its times. ' + (it.pulls.find((pull) => pull.result === 'failed')?.error ?? '') }) %>
<% } %>
<% if (standing?.is_overdue) { %>
<%~ it.show.notice({ tone: 'bad', title: 'No pull has begun for long', text: 'Look whether Temporal and the workers run, and whether the Schedule pull:' + it.advertiser.advertiser_id + ' is there.' }) %>
<% } %>
<% if (it.waitsForHref) { %>
<%~ it.show.notice({ tone: 'busy', title: 'Pulls wait for an import', text: 'The file that was pulled last is still being imported, or its import is paused. Every pull is skipped until that has ended: resume it, or cancel it.', actions: [{ label: 'Its import', href: it.waitsForHref }] }) %>
<% } %>
<% if (standing?.run_asked_at) { %>
<%~ it.show.notice({ tone: 'busy', text: 'A pull was asked for and begins in a moment. Reload this page to see it.' }) %>
<% } %>
<% if (settings) { %>
<section class="card">
<h2>Facts</h2>
<dl class="facts">
<dt>Fetched from</dt><dd class="wrap"><code><%= settings.url %></code><%~ it.show.copy(settings.url, 'the URL') %></dd>
<dt>How often</dt><dd>every <%= it.every.replace(/^1 /, '') %><% if (settings.state === 'paused') { %>, once it goes on<% } %></dd>
<dt>Headers</dt><dd><% if (settings.header_names.length === 0) { %>none<% } %><% for (const name of settings.header_names) { %><div><code><%= name %>: ••••</code></div><% } %></dd>
<dt>Postbacks</dt><dd><%= settings.notify ? 'partners are told' : 'no partner is told' %></dd>
<dt>Changed</dt><dd><%~ it.show.exactTime(settings.updated_at) %></dd>
</dl>
</section>
<% } %>
<% if (settings || it.pulls.length > 0) { %>
<section>
<h2>Pulls</h2>
<% if (it.pulls.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Pulls">
<table class="cards">
<thead><tr><th scope="col">Began</th><th scope="col">Result</th><th scope="col">What came of it</th><th scope="col" class="number">HTTP</th><th scope="col" class="number">Attempts</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>
<% for (const pull of it.pulls) { %>
<tr>
<td class="whole" data-label="Began"><%~ it.show.time(pull.started_at) %></td>
<td data-label="Result"><%~ it.show.state(pull.result ?? 'running') %></td>
<td data-label="What came of it" class="wrap whole"><% if (pull.importHref) { %><a href="<%= pull.importHref %>">Its import</a><% if (pull.error) { %><div><%= pull.error %></div><% } %><% } else if (pull.error) { %><%= pull.error %><% } else if (pull.result === 'unchanged') { %><span class="soft">Nothing new.</span><% } else { %><span class="soft">–</span><% } %></td>
<td data-label="HTTP" class="number"><%= pull.http_status ?? '–' %></td>
<td data-label="Attempts" class="number"><%= pull.attempts %></td>
<td data-label="Size" class="number"><%= pull.size %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
<% } else { %>
<%~ it.show.nothing({ title: 'No pull yet', text: settings?.state === 'paused' ? 'It is paused.' : 'The first one begins within ' + it.every + '.' }) %>
<% } %>
</section>
<% } %>
<% if (it.may.admin) { %>
<section class="card">
<h2><%= settings ? 'Change' : 'Set it up' %></h2>
<% if (!it.mayKeepHeaders) { %><%~ it.show.notice({ tone: 'busy', text: 'Headers cannot be kept here until PULL_HEADERS_KEY is set for the roles api and worker.' }) %><% } %>
<form method="post" action="<%= address %>/pull">
<%~ it.show.formToken() %>
<%~ it.show.field({ name: 'url', label: 'URL of the export', type: 'url', value: it.form.url, error: it.errors.url, help: 'CSV with a header, or JSON, as for an import. It may list everything each time: what was booked from it before is not booked again.', attributes: { required: '', maxlength: '2048', spellcheck: 'false', autocomplete: 'off' } }) %>
<%~ it.show.field({ name: 'every_minutes', label: 'Minutes between two pulls', type: 'number', value: it.form.every_minutes, error: it.errors.every_minutes, attributes: { required: '', min: '5', max: '10080' } }) %>
<%~ it.show.select({ name: 'format', label: 'Format', value: it.form.format, error: it.errors.format, options: it.formats }) %>
<%~ it.show.select({ name: 'notify', label: 'Postbacks', value: it.form.notify, options: [{ value: 'true', label: 'Tell the partners' }, { value: 'false', label: 'Book without telling any partner' }] }) %>
<fieldset>
<legend>Headers</legend>
<p class="soft small">Such as a key for the advertiser's server. Values are kept encrypted and never shown again; one that is left empty stays as it is. Empty a name to take its header away.</p>
<% if (it.errors.headers) { %><p class="error" role="alert" tabindex="-1"><%= it.errors.headers %></p><% } %>
<% for (const [index, header] of it.form.headers.entries()) { const error = it.errors['headers.' + header.name]; const isKept = settings?.header_names.includes(header.name); %>
<div class="pair">
<%~ it.show.field({ name: 'header_name_' + index, label: 'Name', value: header.name, error, attributes: { maxlength: '100', spellcheck: 'false', autocomplete: 'off' } }) %>
<%~ it.show.field({ name: 'header_value_' + index, label: 'Value', type: 'password', value: header.value, attributes: { maxlength: '4096', autocomplete: 'new-password', ...(isKept ? { placeholder: 'as it is' } : {}) } }) %>
</div>
<% } %>
</fieldset>
<details<% if (Object.keys(it.errors).some((name) => name.startsWith('mapping')) || Object.keys(it.form.columns).length > 0) { %> open<% } %>>
<summary>Columns</summary>
<p class="soft small">What is left empty is looked for by the names of the advertiser's last file, by those of its vocabulary, then by ours.</p>
<% for (const column of it.columns) { %>
<%~ it.show.field({ name: 'column_' + column.field, label: column.label, value: it.form.columns[column.field] ?? '', error: it.errors['mapping.' + column.field], help: column.help, attributes: { maxlength: '200', spellcheck: 'false', autocomplete: 'off' } }) %>
<% } %>
</details>
<div class="row"><button>Save</button><% if (settings) { %><a class="button plain" href="<%= address %>/pull/end">Pull no more</a><% } %></div>
</form>
</section>
<% } %>
`,
);
