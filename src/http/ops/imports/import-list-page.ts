import type { Import } from '../../../db/imports/imports.ts';
import { definePage, type mayOf } from '../ops-page.ts';

export type ImportListData = {
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  imports: Import[];
  first: string | undefined;
  next: string | undefined;
  may: ReturnType<typeof mayOf>;
  states: { value: string; label: string }[];
};

/** Files of statuses, the newest first. */
export const sendImportList = definePage<ImportListData>(
  'imports',
  `
<div class="head"><h1>Imports</h1><% if (it.may.operate) { %><a class="button" href="/ops/imports/new<% if (it.given.advertiser_id) { %>?advertiser_id=<%= encodeURIComponent(it.given.advertiser_id) %><% } %>">Import a file</a><% } %></div>
<form method="get" action="/ops/imports" class="filters">
<%~ it.show.field({ name: 'advertiser_id', label: 'Advertiser id', type: 'search', value: it.given.advertiser_id, error: it.errors.advertiser_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.select({ name: 'state', label: 'State', value: it.given.state, options: it.states }) %>
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="/ops/imports">All</a><% } %></div>
</form>
<% if (it.imports.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Imports">
<table class="cards">
<thead><tr><th scope="col">File</th><th scope="col">Advertiser</th><th scope="col">State</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Recorded</th><th scope="col" class="number">No effect</th><th scope="col" class="number">Refused</th><th scope="col">When</th></tr></thead>
<tbody>
<% for (const one of it.imports) { %>
<tr>
<th scope="row" class="wrap"><a href="/ops/imports/<%= encodeURIComponent(one.import_id) %>"><%= one.file_name ?? 'File without a name' %></a></th>
<td data-label="Advertiser"><%~ it.show.id(one.advertiser_id, '/ops/advertisers/' + encodeURIComponent(one.advertiser_id)) %></td>
<td data-label="State"><%~ it.show.state(one.state) %><% if (one.dry_run) { %> <span class="soft small">dry run</span><% } %></td>
<td data-label="Rows" class="number"><%= one.rows.toLocaleString('en') %></td>
<td data-label="Recorded" class="number"><%= one.recorded.toLocaleString('en') %></td>
<td data-label="No effect" class="number"><%= (one.duplicate + one.stale + one.ignored).toLocaleString('en') %></td>
<td data-label="Refused" class="number"><%= one.refused.toLocaleString('en') %></td>
<td data-label="When"><%~ it.show.time(one.created_at) %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else { %>
<%~ it.show.nothing(it.isFiltered ? { title: 'Nothing fits', text: 'No import is like this.', action: { label: 'Show all', href: '/ops/imports' } } : { title: 'No files yet', text: 'Advertisers without online postbacks report in files: CSV or JSON, up to a million rows. Each is tried first, and booked when you say so.', ...(it.may.operate ? { action: { label: 'Import a file', href: '/ops/imports/new' } } : {}) }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);
