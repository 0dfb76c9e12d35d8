import type { ListedPostback } from '../../../db/reports/postback-list.ts';
import { definePage } from '../ops-page.ts';

type Options = { value: string; label: string }[];

type PostbackListData = {
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  rows: ListedPostback[];
  options: { states: Options; statuses: Options };
  first: string | undefined;
  next: string | undefined;
};

/** Postbacks of all partners, the newest first. */
export const sendPostbackList = definePage<PostbackListData>(
  'postbacks',
  `
<div class="head"><h1>Postbacks</h1></div>
<form method="get" action="/ops/postbacks" class="filters">
<%~ it.show.field({ name: 'partner_id', label: 'Partner', type: 'search', value: it.given.partner_id, error: it.errors.partner_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.field({ name: 'ref_id', label: 'ref_id', type: 'search', value: it.given.ref_id, error: it.errors.ref_id, attributes: { maxlength: '32' } }) %>
<%~ it.show.field({ name: 'offer_id', label: 'Offer', type: 'search', value: it.given.offer_id, error: it.errors.offer_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.select({ name: 'state', label: 'State', value: it.given.state, options: it.options.states }) %>
<%~ it.show.select({ name: 'status', label: 'Tells', value: it.given.status, options: it.options.statuses }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="/ops/postbacks">All</a><% } %></div>
</form>
<% if (it.rows.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Postbacks">
<table class="cards">
<thead><tr><th scope="col">When</th><th scope="col">Postback</th><th scope="col">Partner</th><th scope="col">State</th><th scope="col">Tells</th><th scope="col">ref_id</th><th scope="col" class="number">Payout</th></tr></thead>
<tbody>
<% for (const row of it.rows) { %>
<tr>
<td data-label="When"><%~ it.show.time(row.created_at) %></td>
<td data-label="Postback"><%~ it.show.id(row.postback_id, '/ops/postbacks/' + encodeURIComponent(row.postback_id)) %></td>
<td data-label="Partner" class="wrap"><% if (row.partner_id === 'house') { %><span class="soft">house</span><% } else { %><a href="/ops/partners/<%= encodeURIComponent(row.partner_id) %>"><%= row.partner_id %></a><% } %></td>
<td data-label="State"><%~ it.show.state(row.state) %><% if (row.skip_reason) { %> <span class="soft small"><%= row.skip_reason.replaceAll('_', ' ') %></span><% } else if (row.next_attempt_at) { %> <span class="soft small">next <%~ it.show.countdown(row.next_attempt_at) %></span><% } %><% if (row.attempts > 1) { %> <span class="soft small"><%= row.attempts %> attempts</span><% } %></td>
<td data-label="Tells"><%~ it.show.state(row.status) %></td>
<td data-label="ref_id"><% if (row.ref_id !== null) { %><%~ it.show.id(row.ref_id) %><% } else { %><span class="soft">none</span><% } %></td>
<td data-label="Payout" class="number"><%~ it.show.money(row.payout.amount, row.payout.currency) %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else if (it.next) { %>
<p class="soft">None in this part of the list; it goes on.</p>
<% } else { %>
<%~ it.show.nothing(it.isFiltered ? { title: 'Nothing fits', text: 'No postback is like this. Ids and ref_ids must be whole.', action: { label: 'Show all', href: '/ops/postbacks' } } : { title: 'No postbacks yet', text: 'The first one is made by the first status of a conversion.' }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);
