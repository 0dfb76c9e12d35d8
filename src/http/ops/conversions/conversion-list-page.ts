import type { ListedConversion } from '../../../db/reports/conversion-list.ts';
import { definePage } from '../ops-page.ts';

type ConversionListData = {
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  rows: ListedConversion[];
  statuses: { value: string; label: string }[];
  first: string | undefined;
  next: string | undefined;
};

/** Conversions, the newest first. */
export const sendConversionList = definePage<ConversionListData>(
  'conversions',
  `
<div class="head"><h1>Conversions</h1></div>
<form method="get" action="/ops/conversions" class="filters">
<%~ it.show.field({ name: 'partner_id', label: 'Partner', type: 'search', value: it.given.partner_id, error: it.errors.partner_id, attributes: { maxlength: '64', placeholder: 'or house' } }) %>
<%~ it.show.field({ name: 'ref_id', label: 'ref_id', type: 'search', value: it.given.ref_id, error: it.errors.ref_id, attributes: { maxlength: '32' } }) %>
<%~ it.show.field({ name: 'advertiser_id', label: 'Advertiser', type: 'search', value: it.given.advertiser_id, error: it.errors.advertiser_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.field({ name: 'offer_id', label: 'Offer', type: 'search', value: it.given.offer_id, error: it.errors.offer_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.select({ name: 'status', label: 'Status', value: it.given.status, options: it.statuses }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="/ops/conversions">All</a><% } %></div>
</form>
<% if (it.rows.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Conversions">
<table class="cards">
<thead><tr><th scope="col">Began</th><th scope="col">Conversion</th><th scope="col">Offer</th><th scope="col">Partner</th><th scope="col">Status</th><th scope="col">Reported</th><th scope="col" class="number">Reward</th></tr></thead>
<tbody>
<% for (const row of it.rows) { %>
<tr>
<td data-label="Began"><%~ it.show.time(row.created_at) %></td>
<td data-label="Conversion"><%~ it.show.id(row.conversion_id, '/ops/conversions/' + encodeURIComponent(row.conversion_id)) %></td>
<td data-label="Offer" class="wrap"><a href="/ops/offers/<%= encodeURIComponent(row.offer_id) %>"><%= row.offer_id %></a></td>
<td data-label="Partner" class="wrap"><% if (row.partner_id === 'house') { %><span class="soft">house</span><% } else { %><a href="/ops/partners/<%= encodeURIComponent(row.partner_id) %>"><%= row.partner_id %></a><% } %></td>
<td data-label="Status"><% if (row.status) { %><%~ it.show.state(row.status) %><% } else { %><span class="soft">none yet</span><% } %></td>
<td data-label="Reported"><% if (row.status_at) { %><%~ it.show.time(row.status_at) %><% } else { %><span class="soft">–</span><% } %></td>
<td data-label="Reward" class="number"><% if (row.reward) { %><%~ it.show.money(row.reward.amount, row.reward.currency) %><% } else { %><span class="soft">–</span><% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else if (it.next) { %>
<p class="soft">None in this part of the list; it goes on.</p>
<% } else { %>
<%~ it.show.nothing(it.isFiltered ? { title: 'Nothing fits', text: 'No conversion is like this. Ids and ref_ids must be whole.', action: { label: 'Show all', href: '/ops/conversions' } } : { title: 'No conversions yet', text: 'A conversion begins when a visitor goes on to an offer.' }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);
