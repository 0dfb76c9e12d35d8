import type { Balance } from '../../../db/ledger/balances.ts';
import type { Payout, PayoutPreview } from '../../../db/ledger/payouts.ts';
import type { Statement } from '../../../db/ledger/statements.ts';
import type { Partner } from '../../../db/partners.ts';
import type { CurrencySum } from '../../../stories/ledger-words.ts';
import type { ToldLine } from '../../fields/ledger-csv.ts';
import { ledgerLines, ledgerPayouts, ledgerSums } from '../../console/ledger-parts.ts';
import { definePage } from '../ops-page.ts';

type LedgerData = {
  partner: Partner;
  /** The address of its ledger. */
  at: string;
  balances: Balance[];
  payouts: Payout[];
  rows: ToldLine[];
  kinds: readonly string[];
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  mayPay: boolean;
  first: string | undefined;
  next: string | undefined;
  csv: string;
};

const LINES = ledgerLines({ conversions: '/ops/conversions', statements: 'it.at' });
const PAYOUTS = ledgerPayouts({ rows: 'it.payouts', statements: 'it.at' });

/** What a partner has in each currency, its payouts and its lines. */
export const sendPartnerLedger = definePage<LedgerData>(
  'ledger',
  `
<p class="small"><a href="/ops/ledger">Ledger</a></p>
<div class="head"><h1>Ledger of <a href="/ops/partners/<%= encodeURIComponent(it.partner.partner_id) %>"><%= it.partner.name %></a></h1><div class="row"><a class="button plain" href="<%= it.at %>/open">What is open</a><a class="button plain" href="<%= it.csv %>">Download CSV</a></div></div>
<% if (it.balances.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Balance">
<table class="cards">
<thead><tr><th scope="col">Currency</th><th scope="col" class="number">Open</th><th scope="col" class="number">Paid out</th><th scope="col" class="number">In all</th><th scope="col">Paid out up to</th><% if (it.mayPay) { %><th scope="col"><span class="unseen">Pay</span></th><% } %></tr></thead>
<tbody>
<% for (const row of it.balances) { %>
<tr>
<th scope="row"><%= row.currency %></th>
<td data-label="Open" class="number"><strong><%~ it.show.money(row.open, row.currency) %></strong></td>
<td data-label="Paid out" class="number"><%~ it.show.money(row.paid, row.currency) %></td>
<td data-label="In all" class="number"><%~ it.show.money(row.total, row.currency) %></td>
<td data-label="Paid out up to"><% if (row.open_from) { %><%~ it.show.exactTime(row.open_from) %><% } else { %><span class="soft">nothing yet</span><% } %></td>
<% if (it.mayPay) { %><td><a class="button plain" href="<%= it.at %>/pay?currency=<%= row.currency %>">Pay out</a></td><% } %>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } %>
<h2>Statements</h2>
<% if (it.payouts.length > 0) { %>${PAYOUTS}<% } else { %><p class="soft">Nothing was paid out to it yet.</p><% } %>
<h2>Lines</h2>
<form class="filters" method="get" action="<%= it.at %>">
<%~ it.show.select({ name: 'state', label: 'Paid out', value: it.given.state, error: it.errors.state, options: [{ value: '', label: 'Any' }, { value: 'open', label: 'not yet' }, { value: 'paid', label: 'paid out' }] }) %>
<%~ it.show.select({ name: 'kind', label: 'What', value: it.given.kind, error: it.errors.kind, options: [{ value: '', label: 'Any' }, ...it.kinds.map((kind) => ({ value: kind, label: kind }))] }) %>
<%~ it.show.field({ name: 'conversion_id', label: 'Conversion', type: 'search', value: it.given.conversion_id, error: it.errors.conversion_id, attributes: { maxlength: '64', autocomplete: 'off' } }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>
<button class="plain">Show</button>
</form>
<% if (it.rows.length > 0) { %>${LINES}
<% } else if (it.isFiltered || it.first) { %>
<%~ it.show.nothing({ title: 'Nothing fits', text: 'No line is like this.', action: { label: 'Show all', href: it.at } }) %>
<% } else { %>
<%~ it.show.nothing({ title: 'Nothing earned yet', text: 'A line appears as soon as a conversion that this partner won is approved.' }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);

type StatementData = {
  partner: Partner;
  at: string;
  title: string;
  statement: Statement;
  sums: CurrencySum[];
  rows: ToldLine[];
  first: string | undefined;
  next: string | undefined;
  csv: string;
};

export const sendStatement = definePage<StatementData>(
  'ledger',
  `
<% const { payout, from, upto } = it.statement; %>
<p class="small"><a href="<%= it.at %>">Ledger of <%= it.partner.name %></a></p>
<div class="head"><h1><%= it.title %></h1><a class="button plain" href="<%= it.csv %>">Download CSV</a></div>
<div class="split">
<% if (payout) { %>
<section class="card"><h2>Payment</h2><dl class="facts">
<dt>Amount</dt><dd><strong><%~ it.show.money(payout.amount, payout.currency) %></strong></dd>
<dt>Reference</dt><dd class="wrap"><%= payout.reference %></dd>
<dt>Comment</dt><dd class="wrap"><% if (payout.comment) { %><%= payout.comment %><% } else { %><span class="soft">none</span><% } %></dd>
<dt>Paid out</dt><dd><%~ it.show.exactTime(payout.created_at) %>, <a href="/ops/audit?subject_id=<%= encodeURIComponent(payout.payout_id) %>">by whom</a></dd>
<dt>For all earned</dt><dd><% if (from) { %>from <%~ it.show.exactTime(from) %> <% } %>before <%~ it.show.exactTime(upto) %></dd>
<dt>Id</dt><dd><%~ it.show.id(payout.payout_id) %></dd>
</dl></section>
<% } %>
${ledgerSums('it.sums')}
</div>
<h2>Lines</h2>
<% if (it.rows.length > 0) { %>${LINES}<% } else { %><p class="soft">None.</p><% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);

export type PayoutForm = { currency: string; day: string; reference: string; comment: string };

type PayData = {
  partner: Partner;
  at: string;
  form: PayoutForm;
  errors: Record<string, string>;
  preview: PayoutPreview | undefined;
  /** Why it cannot be paid out. */
  refusal: string | undefined;
};

/** Says in numbers what a payout will close, and asks for its reference. */
export const sendPayoutForm = definePage<PayData>(
  'ledger',
  `
<% const { form, preview } = it; %>
<p class="small"><a href="<%= it.at %>">Ledger of <%= it.partner.name %></a></p>
<div class="head"><h1>Pay out <%= it.partner.name %> in <%= form.currency %></h1></div>
<section class="card">
<form class="filters" method="get" action="<%= it.at %>/pay">
<input type="hidden" name="currency" value="<%= form.currency %>">
<%~ it.show.field({ name: 'day', label: 'All that was booked before the beginning of', type: 'date', value: form.day, error: it.errors.day, attributes: { required: '' } }) %>
<button class="plain">Work it out</button>
</form>
</section>
<% if (it.refusal) { %><%~ it.show.notice({ tone: 'busy', title: 'There is nothing to pay', text: it.refusal }) %><% } %>
<% if (preview) { %>
<section class="card">
<h2><% if (it.refusal) { %>What is open<% } else { %>What will be closed<% } %></h2>
<dl class="facts">
<dt>Time</dt><dd><% if (preview.from) { %>from <%~ it.show.exactTime(preview.from) %> <% } else { %>from its first line <% } %>until before <%~ it.show.exactTime(preview.upto) %></dd>
<% for (const row of preview.closed) { %><dt><%= row.lines %> × <%= row.kind %></dt><dd><%~ it.show.money(row.amount, form.currency) %></dd><% } %>
<dt>Payout</dt><dd><strong><%~ it.show.money(preview.amount, form.currency) %></strong> for <%= preview.lines %> <%= preview.lines === 1 ? 'line' : 'lines' %></dd>
<dt>Stays open</dt><dd><%~ it.show.money(preview.later_amount, form.currency) %>, <%= preview.later_lines %> later <%= preview.later_lines === 1 ? 'line' : 'lines' %></dd>
</dl>
<% if (!it.refusal) { %>
<p>What is closed never changes again. If one of its conversions is reversed later, that becomes a correction in what is open then.</p>
<form method="post" action="<%= it.at %>/pay">
<%~ it.show.formToken() %>
<input type="hidden" name="currency" value="<%= form.currency %>"><input type="hidden" name="day" value="<%= form.day %>"><input type="hidden" name="amount" value="<%= preview.amount %>">
<%~ it.show.field({ name: 'reference', label: 'Reference of the payment', value: form.reference, error: it.errors.reference, help: 'Such as that of the bank transfer. The partner sees it, and each can be used once.', attributes: { required: '', maxlength: '120', autocomplete: 'off' } }) %>
<%~ it.show.field({ name: 'comment', label: 'Comment', value: form.comment, error: it.errors.comment, help: 'For ops alone; may be left empty.', attributes: { maxlength: '1000' } }) %>
<% if (it.errors.amount) { %><%~ it.show.notice({ tone: 'bad', text: it.errors.amount, role: 'alert' }) %><% } %>
<div class="row"><button>Pay out <%~ it.show.money(preview.amount, form.currency) %></button><a class="button plain" href="<%= it.at %>">Leave it</a></div>
</form>
<% } %>
</section>
<% } %>
`,
);
