import type { Balance } from '../../../db/ledger/balances.ts';
import type { LastCheck, LedgerCheck } from '../../../db/ledger/ledger-check.ts';
import type { PaidPartner } from '../../../db/ledger/payouts.ts';
import type { Partner } from '../../../db/partners.ts';
import type { ListPage } from '../list-page.ts';
import { definePage } from '../ops-page.ts';

/** Whether the ledger is right, and the latest payouts. */
export const sendLedger = definePage<{
  last: LastCheck;
  payouts: PaidPartner[];
  /** Partners, with what they have; `next` leads to further ones. */
  list: ListPage<Partner>;
  balances: Map<string, Balance[]>;
}>(
  'ledger',
  `
<div class="head"><h1>Ledger</h1><a class="button plain" href="/ops/ledger/check">Check it now</a></div>
<% if (it.last.differences) { %>
<%~ it.show.notice({ tone: 'bad', title: 'The ledger differs from what was settled', text: it.last.differences + (it.last.differences === 1 ? ' balance or payout differs.' : ' balances or payouts differ.') + ' Pay nobody out before it is understood.', actions: [{ label: 'See what differs', href: '/ops/ledger/check' }] }) %>
<% } else if (it.last.ended_at) { %>
<p>All lines come to what was settled. <span class="soft">Checked <%~ it.show.time(it.last.ended_at) %>.</span></p>
<% } else { %>
<p class="soft">It is compared with what was settled by itself, from time to time; it has not been yet.</p>
<% } %>
<h2>Partners</h2>
<form class="filters" method="get" action="/ops/ledger">
<%~ it.show.field({ name: 'q', label: 'Name or id', type: 'search', value: it.list.given.q, error: it.list.errors.q, attributes: { maxlength: '120', autocomplete: 'off', spellcheck: 'false' } }) %>
<div class="row"><button class="plain">Show</button><% if (it.list.isFiltered) { %><a class="button quiet" href="/ops/ledger">All</a><% } %></div>
</form>
<% if (it.list.rows.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Partners">
<table class="cards">
<thead><tr><th scope="col">Partner</th><th scope="col">Id</th><th scope="col" class="number">Open</th><th scope="col" class="number">Paid out</th><th scope="col">Paid out up to</th></tr></thead>
<tbody>
<% for (const row of it.list.rows) { const at = '/ops/partners/' + encodeURIComponent(row.partner_id) + '/ledger'; const balances = it.balances.get(row.partner_id) ?? []; %>
<tr>
<th scope="row" class="wrap"><a href="<%= at %>"><%= row.name %></a></th>
<td data-label="Id"><%~ it.show.id(row.partner_id) %></td>
<td data-label="Open" class="number"><% for (const each of balances) { %><div><%~ it.show.money(each.open, each.currency) %></div><% } %><% if (balances.length === 0) { %><span class="soft">–</span><% } %></td>
<td data-label="Paid out" class="number"><% for (const each of balances) { %><div><%~ it.show.money(each.paid, each.currency) %></div><% } %><% if (balances.length === 0) { %><span class="soft">–</span><% } %></td>
<td data-label="Paid out up to"><% for (const each of balances) { %><div><% if (each.open_from) { %><%~ it.show.exactTime(each.open_from) %><% } else { %><span class="soft">nothing yet</span><% } %></div><% } %><% if (balances.length === 0) { %><span class="soft">nothing earned yet</span><% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else { %>
<%~ it.show.nothing(it.list.isFiltered ? { title: 'Nothing fits', text: 'No partner is called so.', action: { label: 'Show all', href: '/ops/ledger' } } : { title: 'No partners yet', text: 'What partners earn will stand here.' }) %>
<% } %>
<%~ it.show.pager({ first: it.list.first, next: it.list.next, order: 'listed' }) %>
<h2>Latest payouts</h2>
<% if (it.payouts.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Payouts">
<table class="cards">
<thead><tr><th scope="col">When</th><th scope="col">Partner</th><th scope="col">Reference</th><th scope="col" class="number">Lines</th><th scope="col" class="number">Amount</th></tr></thead>
<tbody>
<% for (const row of it.payouts) { const at = '/ops/partners/' + encodeURIComponent(row.partner_id) + '/ledger'; %>
<tr>
<td data-label="When"><a href="<%= at %>/<%= encodeURIComponent(row.payout_id) %>"><%~ it.show.time(row.created_at) %></a></td>
<td data-label="Partner" class="wrap"><a href="<%= at %>"><%= row.partner_name %></a></td>
<td data-label="Reference" class="wrap"><%= row.reference %></td>
<td data-label="Lines" class="number"><%= row.lines %></td>
<td data-label="Amount" class="number"><%~ it.show.money(row.amount, row.currency) %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else { %>
<p class="soft">Nobody was paid out yet: open the ledger of a partner to see what it has, and to pay it out.</p>
<% } %>
`,
);

export const sendCheck = definePage<{ check: LedgerCheck; count: (count: number, one: string) => string }>(
  'ledger',
  `
<% const { check } = it; const found = check.differences; %>
<p class="small"><a href="/ops/ledger">Ledger</a></p>
<div class="head"><h1>Check of the ledger</h1><a class="button plain" href="/ops/ledger/check">Check again</a></div>
<% if (check.is_balanced) { %>
<%~ it.show.notice({ tone: 'good', title: 'Everything fits', text: it.count(check.accounts, 'balance') + ' (of a partner in a currency) and ' + it.count(check.payouts, 'payout') + ' were worked out anew from ' + it.count(check.conversions, 'conversion') + ': the same.', role: 'status' }) %>
<% } else { %>
<%~ it.show.notice({ tone: 'bad', title: 'The ledger differs from what was settled', text: 'Pay nobody out before it is understood. The program never changes a line: look for statements made by hand, a restored backup, or a new release.' }) %>
<% } %>
<p class="soft small">As of <%~ it.show.exactTime(check.checked_at) %>. What should be there is worked out from the settlements and the prices that were fixed with the statuses.</p>
<% if (found.accounts.length > 0) { %>
<h2>Partners</h2>
<div class="table" tabindex="0" role="region" aria-label="Partners that differ"><table class="cards">
<thead><tr><th scope="col">Partner</th><th scope="col" class="number">Conversions</th><th scope="col" class="number">Lines</th><th scope="col" class="number">Should be</th><th scope="col" class="number">Difference</th></tr></thead>
<tbody><% for (const row of found.accounts) { %><tr>
<td data-label="Partner"><%~ it.show.id(row.partner_id, '/ops/partners/' + encodeURIComponent(row.partner_id) + '/ledger') %></td>
<td data-label="Conversions" class="number"><%= row.conversions %></td>
<td data-label="Lines" class="number"><%~ it.show.money(row.lines, row.currency) %></td>
<td data-label="Should be" class="number"><%~ it.show.money(row.rewards, row.currency) %></td>
<td data-label="Difference" class="number"><strong><%~ it.show.money(row.lines - row.rewards, row.currency) %></strong></td>
</tr><% } %></tbody></table></div>
<h2>Conversions<% if (found.conversions.length === 100) { %> <span class="soft">the first 100</span><% } %></h2>
<div class="table" tabindex="0" role="region" aria-label="Conversions that differ"><table class="cards">
<thead><tr><th scope="col">Conversion</th><th scope="col">Partner</th><th scope="col" class="number">Lines</th><th scope="col" class="number">Should be</th></tr></thead>
<tbody><% for (const row of found.conversions) { %><tr>
<td data-label="Conversion"><%~ it.show.id(row.conversion_id, '/ops/conversions/' + encodeURIComponent(row.conversion_id)) %></td>
<td data-label="Partner"><%~ it.show.id(row.partner_id) %></td>
<td data-label="Lines" class="number"><%~ it.show.money(row.lines, row.currency) %></td>
<td data-label="Should be" class="number"><%~ it.show.money(row.rewards, row.currency) %></td>
</tr><% } %></tbody></table></div>
<% } %>
<% if (found.payouts.length > 0) { %>
<h2>Payouts</h2>
<div class="table" tabindex="0" role="region" aria-label="Payouts that differ"><table class="cards">
<thead><tr><th scope="col">Payout</th><th scope="col" class="number">Paid</th><th scope="col" class="number">Its lines</th></tr></thead>
<tbody><% for (const row of found.payouts) { %><tr>
<td data-label="Payout"><%~ it.show.id(row.payout_id, '/ops/partners/' + encodeURIComponent(row.partner_id) + '/ledger/' + encodeURIComponent(row.payout_id)) %></td>
<td data-label="Paid" class="number"><%~ it.show.money(row.paid, row.currency) %></td>
<td data-label="Its lines" class="number"><%~ it.show.money(row.lines, row.currency) %></td>
</tr><% } %></tbody></table></div>
<% } %>
`,
);
