import type { Offer } from '../../../db/offers.ts';
import type { PriceStanding } from '../../../db/prices/price-standing.ts';
import { definePage } from '../ops-page.ts';
import { NEXT_PRICE, NEXT_REASON, nextPriceTexts as texts } from './next-price-part.ts';

type Row = { offer: Offer; standing: PriceStanding | undefined };
type ListData = { rows: Row[]; first: string | undefined; next: string | undefined };

const sendPage = definePage<ListData & { texts: typeof texts }>(
  'prices',
  `
<div class="head"><h1>Prices</h1><p>What the next approved conversion of each offer brings its partner, and how many an offer takes.</p></div>
<% if (it.rows.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Prices">
<table class="cards">
<thead><tr><th scope="col">Offer</th><th scope="col" class="number">The next one brings</th><th scope="col">Because</th><th scope="col">Cap</th></tr></thead>
<tbody>
<% for (const { offer, standing } of it.rows) { const cap = standing?.cap; %>
<tr>
<th scope="row" class="wrap"><a href="/ops/prices/<%= encodeURIComponent(offer.offer_id) %>"><%= offer.name %></a><% if (offer.state === 'paused') { %> <%~ it.show.state('paused') %><% } %></th>
<td data-label="The next one brings" class="number">${NEXT_PRICE}</td>
<td data-label="Because" class="wrap whole">${NEXT_REASON}</td>
<td data-label="Cap" class="wrap"><% if (cap) { %><% if (cap.day !== null) { %><%= it.texts.writeCount(cap.approvedToday) %> of <%= it.texts.writeCount(cap.day) %> today<% } %><% if (cap.day !== null && cap.total !== null) { %>, <% } %><% if (cap.total !== null) { %><%= it.texts.writeCount(cap.approvedInAll) %> of <%= it.texts.writeCount(cap.total) %> in all<% } %><% } else { %><span class="soft">none</span><% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else { %>
<%~ it.show.nothing({ title: 'No offers yet', text: 'Prices belong to offers, and there are none yet.', action: { label: 'To the offers', href: '/ops/offers' } }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next, order: 'listed' }) %>
`,
);

/** All offers with their prices. */
export function sendPriceList(...[res, data]: [Parameters<typeof sendPage>[0], ListData]): void {
  sendPage(res, { title: 'Prices' }, { ...data, texts });
}
