import type { ListedLead } from '../../../db/reports/lead-list.ts';
import { definePage } from '../ops-page.ts';

type LeadListData = {
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  rows: ListedLead[];
  statuses: { value: string; label: string }[];
  first: string | undefined;
  next: string | undefined;
};

/** Leads, the newest first. */
export const sendLeadList = definePage<LeadListData>(
  'leads',
  `
<div class="head"><h1>Leads</h1></div>
<form method="get" action="/ops/leads" class="filters">
<%~ it.show.field({ name: 'partner_id', label: 'Linked partner', type: 'search', value: it.given.partner_id, error: it.errors.partner_id, attributes: { maxlength: '64', placeholder: 'or house' } }) %>
<%~ it.show.field({ name: 'ref_id', label: 'ref_id', type: 'search', value: it.given.ref_id, error: it.errors.ref_id, attributes: { maxlength: '32' } }) %>
<%~ it.show.field({ name: 'offer_id', label: 'Offer', type: 'search', value: it.given.offer_id, error: it.errors.offer_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.select({ name: 'status', label: 'Status', value: it.given.status, options: it.statuses }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="/ops/leads">All</a><% } %></div>
</form>
<% if (it.rows.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Leads">
<table class="cards">
<thead><tr><th scope="col">Began</th><th scope="col">Lead</th><th scope="col">Held by</th><th scope="col">Status</th><th scope="col" class="number">Events</th><th scope="col">Window ends</th></tr></thead>
<tbody>
<% for (const row of it.rows) { %>
<tr>
<td data-label="Began"><%~ it.show.time(row.created_at) %></td>
<td data-label="Lead"><%~ it.show.id(row.lead_id, '/ops/leads/' + encodeURIComponent(row.lead_id)) %></td>
<td data-label="Held by" class="wrap"><% if (row.linked_partner === 'house') { %><span class="soft">house</span><% } else { %><a href="/ops/partners/<%= encodeURIComponent(row.linked_partner) %>"><%= row.linked_partner %></a><% } %></td>
<td data-label="Status"><%~ it.show.state(row.status) %></td>
<td data-label="Events" class="number"><%= row.events %></td>
<td data-label="Window ends"><%~ it.show.time(row.open_until) %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else if (it.next) { %>
<p class="soft">None in this part of the list; it goes on.</p>
<% } else { %>
<%~ it.show.nothing(it.isFiltered ? { title: 'Nothing fits', text: 'No lead is like this. Ids and ref_ids must be whole.', action: { label: 'Show all', href: '/ops/leads' } } : { title: 'No leads yet', text: 'A lead begins with the first visit by a partner’s link, or the first click on an offer.' }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);
