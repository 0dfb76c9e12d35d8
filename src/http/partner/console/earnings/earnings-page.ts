import type { Balance } from '../../../../db/ledger/balances.ts';
import { ledgerLines, ledgerPayouts, ledgerSums } from '../../../console/ledger-parts.ts';
import { definePage } from '../console-page.ts';
import type { EarningsLine, OwnPayout, viewOwnStatement } from '../../earnings/earnings-answers.ts';

type Paged = { first: string | undefined; next: string | undefined; csv: string };

type EarningsData = Paged & {
  balances: Balance[];
  rows: EarningsLine[];
  currencies: string[];
  kinds: readonly string[];
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
};

const STATEMENTS = "'/console/earnings/statements'";
const LINES = ledgerLines({ conversions: '/console/conversions', statements: STATEMENTS });

/** What the partner has in each currency, and every line of it. */
export const sendEarnings = definePage<EarningsData>(
  'earnings',
  `
<div class="head"><h1>Earnings</h1><div class="row"><a class="button plain" href="/console/earnings/statements">Statements</a><a class="button plain" href="<%= it.csv %>">Download CSV</a></div></div>
<% if (it.balances.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Balance">
<table class="cards">
<thead><tr><th scope="col">Currency</th><th scope="col" class="number">Open</th><th scope="col" class="number">Paid out</th><th scope="col" class="number">Earned in all</th><th scope="col">Paid out up to</th></tr></thead>
<tbody>
<% for (const row of it.balances) { %>
<tr>
<th scope="row"><%= row.currency %></th>
<td data-label="Open" class="number"><strong><%~ it.show.money(row.open, row.currency) %></strong></td>
<td data-label="Paid out" class="number"><%~ it.show.money(row.paid, row.currency) %></td>
<td data-label="Earned in all" class="number"><%~ it.show.money(row.total, row.currency) %></td>
<td data-label="Paid out up to"><% if (row.open_from) { %><%~ it.show.exactTime(row.open_from) %><% } else { %><span class="soft">nothing yet</span><% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<p class="soft small">Open is what you have earned and what is not paid out yet. <a href="/docs#earnings">How earnings are booked and paid</a></p>
<% } %>
<h2>Lines</h2>
<form class="filters" method="get" action="/console/earnings" hx-get="/console/earnings" hx-trigger="change, submit" hx-target="#main" hx-select="#main" hx-swap="outerHTML" hx-push-url="true">
<%~ it.show.select({ name: 'state', label: 'Paid out', value: it.given.state, error: it.errors.state,
  options: [{ value: '', label: 'Any' }, { value: 'open', label: 'not yet' }, { value: 'paid', label: 'paid out' }] }) %>
<%~ it.show.select({ name: 'kind', label: 'What', value: it.given.kind, error: it.errors.kind,
  options: [{ value: '', label: 'Any' }, ...it.kinds.map((kind) => ({ value: kind, label: kind }))] }) %>
<% if (it.currencies.length > 1) { %><%~ it.show.select({ name: 'currency', label: 'Currency', value: it.given.currency, error: it.errors.currency,
  options: [{ value: '', label: 'Any' }, ...it.currencies.map((currency) => ({ value: currency, label: currency }))] }) %><% } %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>
<button class="plain">Show</button>
</form>
<% if (it.rows.length > 0) { %>${LINES}
<% } else if (it.isFiltered || it.first) { %>
<%~ it.show.nothing({ title: 'Nothing matches', text: 'No line of yours is like this.', action: { label: 'Show all', href: '/console/earnings' } }) %>
<% } else { %>
<%~ it.show.nothing({ title: 'Nothing earned yet', text: 'A line appears here as soon as a conversion that you won is approved.', action: { label: 'Get your link', href: '/console' } }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);

/** The payouts to the partner, each with its statement. */
export const sendStatements = definePage<Paged & { rows: OwnPayout[] }>(
  'earnings',
  `
<p class="small"><a href="/console/earnings">Earnings</a></p>
<div class="head"><h1>Statements</h1><div class="row"><a class="button plain" href="/console/earnings/statements/open">What is open</a><% if (it.rows.length > 0) { %><a class="button plain" href="<%= it.csv %>">Download CSV</a><% } %></div></div>
<% if (it.rows.length > 0) { %>
${ledgerPayouts({ rows: 'it.rows', statements: STATEMENTS })}
<% } else { %>
<%~ it.show.nothing({ title: 'No payouts yet', text: 'Each payout gets a statement here, with every conversion that it pays for.', action: { label: 'See what is open', href: '/console/earnings' } }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);

type StatementData = Paged & { title: string; statement: ReturnType<typeof viewOwnStatement>; rows: EarningsLine[] };

/** What one payout paid, or what is open. */
export const sendStatement = definePage<StatementData>(
  'earnings',
  `
<% const statement = it.statement; %>
<p class="small"><a href="/console/earnings/statements">Statements</a></p>
<div class="head"><h1><%= it.title %></h1><a class="button plain" href="<%= it.csv %>">Download CSV</a></div>
<div class="split">
<% if (statement.payout) { %>
<section class="card"><h2>Payment</h2><dl class="facts">
<dt>Amount</dt><dd><strong><%~ it.show.money(statement.payout.amount, statement.payout.currency) %></strong></dd>
<dt>Reference</dt><dd class="wrap"><%= statement.payout.reference %></dd>
<dt>Paid out</dt><dd><%~ it.show.exactTime(statement.payout.created_at) %></dd>
<dt>For all earned</dt><dd><% if (statement.from) { %>from <%~ it.show.exactTime(statement.from) %> <% } %>before <%~ it.show.exactTime(statement.upto) %></dd>
</dl></section>
<% } %>
${ledgerSums('it.statement.sums')}
</div>
<h2>Lines</h2>
<% if (it.rows.length > 0) { %>${LINES}<% } else { %><p class="soft">None.</p><% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);
