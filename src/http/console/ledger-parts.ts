// The tables of a ledger, as ops and its partner see them; parts of templates.

/**
 * The lines in `it.rows`.
 * @param at where conversions are, and a template's expression of where statements are
 */
export function ledgerLines(at: { conversions: string; statements: string }): string {
  return `
<div class="table" tabindex="0" role="region" aria-label="Lines">
<table class="cards">
<thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Conversion</th><th scope="col">Why</th><th scope="col">Paid out</th><th scope="col" class="number">Amount</th></tr></thead>
<tbody>
<% for (const row of it.rows) { %>
<tr>
<td data-label="When"><%~ it.show.time(row.at) %></td>
<td data-label="What"><%= row.kind %></td>
<td data-label="Conversion"><% if (row.conversion_id) { %><%~ it.show.id(row.conversion_id, '${at.conversions}/' + encodeURIComponent(row.conversion_id)) %><br><span class="soft small"><%= row.offer_name ?? row.offer_id %><% if (row.seq) { %>, event <%= row.seq %><% } %></span><% } else { %><span class="soft">–</span><% } %></td>
<td data-label="Why" class="wrap"><%= row.why %></td>
<td data-label="Paid out"><% if (row.payout_id) { %><a href="<%= ${at.statements} %>/<%= encodeURIComponent(row.payout_id) %>"><%~ it.show.time(row.paid_at) %></a><% } else { %><span class="soft">not yet</span><% } %></td>
<td data-label="Amount" class="number"><%~ it.show.money(row.amount, row.currency) %></td>
</tr>
<% } %>
</tbody>
</table>
</div>`;
}

/** The payouts in `rows`. @param at templates' expressions of the rows, and of where statements are */
export function ledgerPayouts(at: { rows: string; statements: string }): string {
  return `
<div class="table" tabindex="0" role="region" aria-label="Payouts">
<table class="cards">
<thead><tr><th scope="col">Paid out</th><th scope="col">Reference</th><th scope="col">For all earned</th><th scope="col" class="number">Lines</th><th scope="col" class="number">Amount</th></tr></thead>
<tbody>
<% for (const row of ${at.rows}) { %>
<tr>
<td data-label="Paid out"><a href="<%= ${at.statements} %>/<%= encodeURIComponent(row.payout_id) %>"><%~ it.show.time(row.created_at) %></a></td>
<td data-label="Reference" class="wrap"><%= row.reference %></td>
<td data-label="For all earned"><% if (row.period_from) { %>from <%~ it.show.exactTime(row.period_from) %><br><% } %>before <%~ it.show.exactTime(row.upto) %></td>
<td data-label="Lines" class="number"><%= row.lines %></td>
<td data-label="Amount" class="number"><%~ it.show.money(row.amount, row.currency) %></td>
</tr>
<% } %>
</tbody>
</table>
</div>`;
}

/** A card for each currency of a statement. @param sums a template's expression of them */
export function ledgerSums(sums: string): string {
  return `
<% for (const sum of ${sums}) { %>
<section class="card"><h2><%= sum.currency %></h2><dl class="facts">
<dt>Rewards</dt><dd><%~ it.show.money(sum.kinds.reward, sum.currency) %></dd>
<dt>Revoked</dt><dd><%~ it.show.money(sum.kinds.revocation, sum.currency) %></dd>
<dt>Corrections</dt><dd><%~ it.show.money(sum.kinds.correction, sum.currency) %></dd>
<% if (sum.kinds.payout !== 0) { %><dt>Payouts</dt><dd><%~ it.show.money(sum.kinds.payout, sum.currency) %></dd><% } %>
<dt>Together</dt><dd><strong><%~ it.show.money(sum.amount, sum.currency) %></strong>, <%= sum.lines %> <%= sum.lines === 1 ? 'line' : 'lines' %></dd>
</dl></section>
<% } %>`;
}
