import type { PartnerConversion } from '../../../../db/reports/partner-conversion-standing.ts';
import { definePage } from '../console-page.ts';

type ListData = {
  rows: PartnerConversion[];
  /** ISO 8601; conversions since then may be missing. Null when none is. */
  missingSince: string | null;
  statuses: readonly string[];
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  first: string | undefined;
  next: string | undefined;
  /** The address of the list as a file. */
  csv: string;
};

/** The conversions that concern the partner, newest first. */
export const sendConversionList = definePage<ListData>(
  'conversions',
  `
<div class="head"><h1>Conversions</h1><a class="button plain" href="<%= it.csv %>">Download CSV</a></div>
<form class="filters" method="get" action="/console/conversions" hx-get="/console/conversions" hx-trigger="change, submit" hx-target="#main" hx-select="#main" hx-swap="outerHTML" hx-push-url="true">
<%~ it.show.select({ name: 'status', label: 'Last status', value: it.given.status, error: it.errors.status,
  options: [{ value: '', label: 'Any' }, ...it.statuses.map((status) => ({ value: status, label: status === 'none' ? 'none yet' : status }))] }) %>
<%~ it.show.field({ name: 'ref_id', label: 'ref_id or conversion id', type: 'search', value: it.given.ref_id, error: it.errors.ref_id, attributes: { maxlength: '64', autocomplete: 'off' } }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>
<button class="plain">Show</button>
</form>
<% if (it.missingSince) { %>
<%~ it.show.notice({ tone: 'busy', title: 'The latest conversions are missing for the moment', text: 'We are still sorting out what happened since ' + it.missingSince + '; until then only those of that time are listed that you were told a status of. Nothing is lost, and postbacks go out as ever. Come again in some minutes.' }) %>
<% } %>
<% if (it.rows.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Conversions">
<table class="cards">
<thead><tr><th scope="col">When</th><th scope="col">Conversion</th><th scope="col">Offer</th><th scope="col">ref_id</th><th scope="col">Status</th><th scope="col">Outcome</th><th scope="col" class="number">Reward</th></tr></thead>
<tbody>
<% for (const row of it.rows) { %>
<tr>
<td data-label="When"><%~ it.show.time(row.created_at) %></td>
<td data-label="Conversion"><%~ it.show.id(row.conversion_id, '/console/conversions/' + encodeURIComponent(row.conversion_id)) %></td>
<td data-label="Offer" class="wrap"><%= row.offer_name ?? row.offer_id %></td>
<td data-label="ref_id"><% if (row.ref_id) { %><%~ it.show.id(row.ref_id) %><% } else { %><span class="soft">none</span><% } %></td>
<td data-label="Status"><% if (row.status) { %><%~ it.show.state(row.status) %><% } else { %><span class="soft">none yet</span><% } %></td>
<td data-label="Outcome"><%~ it.show.state(row.outcome) %></td>
<td data-label="Reward" class="number"><% if (row.reward) { %><%~ it.show.money(row.reward.amount, row.reward.currency) %><% } else { %><span class="soft">–</span><% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else if (it.first) { %>
<%~ it.show.nothing({ title: 'No more conversions', text: 'You have reached the end of this list.' }) %>
<% } else if (it.isFiltered) { %>
<%~ it.show.nothing({ title: 'Nothing matches', text: 'No conversion of yours is like this.', action: { label: 'Show all', href: '/console/conversions' } }) %>
<% } else { %>
<%~ it.show.nothing({ title: 'No conversions yet', text: 'A conversion begins when somebody who came by your link goes on to an offer. It appears here within a second.', action: { label: 'Get your link', href: '/console' } }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);
