import type { ImportError } from '../../../db/imports/import-errors.ts';
import type { ImportField } from '../../../domain/imports/columns.ts';
import type { Import } from '../../../db/imports/imports.ts';
import { definePage, type mayOf } from '../ops-page.ts';
import type { ImportProgress } from './import-view.ts';

export type ShownError = Omit<ImportError, 'row'> & { row: string };

export type ImportData = {
  one: Import;
  progress: ImportProgress;
  errors: ShownError[];
  refusal: string | undefined;
  /** Whoever sent the file was led here, because it had been sent before. */
  wasSentBefore: boolean;
  /** What is odd about unknown conversions. */
  unlogged: string | null;
  fields: readonly ImportField[];
  may: ReturnType<typeof mayOf>;
};

/** How far an import is, and what was refused. */
export const sendImport = definePage<ImportData>(
  'imports',
  `
<p class="small"><a href="/ops/imports">Imports</a></p>
<% const { one, progress, may } = it; const path = '/ops/imports/' + encodeURIComponent(one.import_id); const number = (value) => value.toLocaleString('en'); %>
<div id="import"<% if (!progress.isOver) { %> hx-get="<%= path %>" hx-trigger="every 1s" hx-select="#import" hx-swap="outerHTML"<% } %>>
<div class="head"><h1><%= one.dry_run ? 'Dry run' : 'Import' %> of <%= one.file_name ?? 'a file' %></h1><span class="row"><%~ it.show.id(one.import_id) %> <%~ it.show.state(one.state) %></span></div>
<% if (it.refusal) { %><%~ it.show.notice({ tone: 'bad', text: it.refusal, role: 'alert' }) %><% } %>
<% if (it.wasSentBefore) { %><%~ it.show.notice({ tone: 'busy', title: 'This file was sent before', text: 'This is its import, and nothing else was begun. To import it once more all the same, send it again and say so in the form.', role: 'status' }) %><% } %>
<% if (it.unlogged) { %><%~ it.show.notice({ tone: 'busy', title: 'Too many unknown conversions', text: it.unlogged }) %><% } %>
<section class="card">
<p class="progress-text"><strong><%= number(one.done_rows) %> of <%= number(one.rows) %> rows</strong><% if (progress.pace) { %> <span class="soft"><%= progress.pace %></span><% } %></p>
<progress value="<%= one.done_rows %>" max="<%= progress.total %>" aria-label="Rows dealt with"></progress>
<dl class="facts">
<dt><%= one.dry_run ? 'Would be recorded' : 'Recorded' %></dt><dd><%= number(one.recorded) %></dd>
<dt>Duplicate</dt><dd><%= number(one.duplicate) %></dd>
<dt>Stale</dt><dd><%= number(one.stale) %></dd>
<dt>Ignored</dt><dd><%= number(one.ignored) %></dd>
<dt><%= one.dry_run ? 'Would be refused' : 'Refused' %></dt><dd><%= number(one.refused) %></dd>
</dl>
<% if (progress.note) { %><p class="soft"><%= progress.note %></p><% } %>
<% if (progress.proposal) { %><p><%= progress.proposal %></p><% } %>
<% if (may.operate) { %>
<div class="row">
<% if (progress.proposal) { %><%~ it.show.action({ label: 'Book these rows', post: path + '/apply' }) %><% } %>
<% if (progress.isTried) { %><a class="button plain" href="/ops/imports/new?advertiser_id=<%= encodeURIComponent(one.advertiser_id) %>">Send a mended file</a><% } %>
<% if (one.state === 'running' && one.asked === 'run') { %><%~ it.show.action({ label: 'Pause', post: path + '/pause' }, 'plain') %><% } %>
<% if (one.state === 'paused' || one.asked === 'pause' && !progress.isOver) { %><%~ it.show.action({ label: 'Resume', post: path + '/resume' }) %><% } %>
<% if (!progress.isOver && one.asked !== 'cancel') { %><%~ it.show.action({ label: 'Cancel', post: path + '/cancel' }, 'danger') %><% } %>
</div>
<% } %>
</section>
<% if (one.refused > 0 && one.file_dropped_at) { %><p class="soft">What was refused cannot be shown any more: the rows of the file were dropped on <%~ it.show.exactTime(one.file_dropped_at) %>.</p><% } else if (one.refused > 0) { %>
<section class="card">
<div class="head"><h2>Refused rows</h2><a class="button plain" href="<%= path %>/errors.csv" download>All as CSV</a></div>
<div class="table" tabindex="0" role="region" aria-label="Refused rows">
<table class="cards">
<thead><tr><th scope="col" class="number">Row</th><th scope="col">Result</th><th scope="col">Why, and what to do</th><th scope="col">As it stands in the file</th></tr></thead>
<tbody>
<% for (const error of it.errors) { %>
<tr><th scope="row" class="number"><%= number(error.rowNumber) %></th><td data-label="Result" class="whole"><%~ it.show.state(error.result.replaceAll('_', ' ')) %></td><td data-label="Why, and what to do" class="wrap whole"><%= error.message %></td><td data-label="As it stands in the file" class="wrap whole"><code><%= error.row %></code></td></tr>
<% } %>
</tbody>
</table>
</div>
<% if (one.refused > it.errors.length) { %><p class="soft">These are the first <%= number(it.errors.length) %>; the file holds all <%= number(one.refused) %>.</p><% } %>
<p class="soft small">Rows are numbered from 1, the header not counted.<% if (it.errors.some(({ result }) => result === 'unknown_word')) { %> What an unknown word means can be said under <a href="/ops/advertisers/<%= encodeURIComponent(one.advertiser_id) %>/vocabulary">words and parameters</a>; then send these rows again.<% } %></p>
</section>
<% } %>
<section class="card">
<h2>Facts</h2>
<dl class="facts">
<dt>Advertiser</dt><dd><%~ it.show.id(one.advertiser_id, '/ops/advertisers/' + encodeURIComponent(one.advertiser_id)) %></dd>
<dt>Brought by</dt><dd><%= one.source === 'ops' ? 'ops' : one.source === 'pull' ? 'a pull of its export' : 'the advertiser' %></dd>
<dt>Columns</dt><dd><% for (const field of it.fields.filter((each) => one.mapping[each] !== undefined)) { %><code><%= one.mapping[field] %></code><% if (one.mapping[field] !== field) { %> is the <%= field %><% } %><br><% } %></dd>
<dt>Postbacks</dt><dd><%= one.notify ? 'partners are told' : 'no partner is told' %></dd>
<% if (one.dry_run_counts) { %><dt>The dry run found</dt><dd><%= number(one.dry_run_counts.recorded) %> to record, <%= number(one.dry_run_counts.refused) %> to refuse</dd><% } %>
<dt>Received</dt><dd><%~ it.show.exactTime(one.created_at) %>, <%= number(Math.ceil(one.bytes / 1000)) %> kB</dd>
<% if (one.ended_at) { %><dt>Ended</dt><dd><%~ it.show.exactTime(one.ended_at) %></dd><% } %>
</dl>
</section>
</div>
`,
);
