import type { Response } from 'express';
import { postbackStates } from '../../../../db/postbacks.ts';
import { statuses } from '../../../../domain/status.ts';
import type { viewListedPostback } from '../../../../stories/partner-postback.ts';
import { definePage } from '../console-page.ts';
import type { ShownProposal } from './replays/replay-proposal.ts';

type Listed = ReturnType<typeof viewListedPostback>;

export type DeliveryListData = {
  /** As they were typed, by the names of their fields, and what is wrong with them. */
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  items: (Listed & { answer: string })[];
  first: string | undefined;
  next: string | undefined;
  proposal: ShownProposal | undefined;
  /** The address of the list as a file. */
  csv: string;
};

const option = (value: string) => ({ value, label: value });
const ANY = { value: '', label: 'any' };
const options = { states: [ANY, ...postbackStates.map(option)], statuses: [ANY, ...statuses.map(option)] };

const sendPage = definePage<DeliveryListData & { options: typeof options }>(
  'deliveries',
  `
<div class="head"><h1>Deliveries</h1><span class="row"><a class="button plain" href="<%= it.csv %>">Download CSV</a> <a class="button plain" href="/console/deliveries/replays">Replays</a></span>
<p>Every postback to you: what was sent, what your endpoint answered, and why.</p></div>
<% if (it.proposal) { %><%~ it.show.notice(it.proposal) %><% } %>
<form method="get" action="/console/deliveries" class="filters log-filters">
<%~ it.show.field({ name: 'q', label: 'Find an id', type: 'search', value: it.given.q, error: it.errors.q, attributes: { maxlength: '64', placeholder: 'ref_id, conversion, postback' } }) %>
<%~ it.show.select({ name: 'state', label: 'State', value: it.given.state, options: it.options.states }) %>
<%~ it.show.select({ name: 'status', label: 'Status', value: it.given.status, options: it.options.statuses }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="/console/deliveries">All</a><% } %></div>
</form>
<% if (it.items.length === 0 && it.isFiltered) { %>
<%~ it.show.nothing({ title: 'Nothing fits', text: 'No postback of yours is like this. An id must be whole: copy it from where you see it.', action: { label: 'Show all', href: '/console/deliveries' } }) %>
<% } else if (it.items.length === 0) { %>
<%~ it.show.nothing({ title: 'No postbacks yet', text: 'The first one comes here as soon as an advertiser reports what became of one of your visitors. Until then you can test your postback URL.', action: { label: 'Set up and test', href: '/console/postbacks' } }) %>
<% } else { %>
<div class="table">
<table class="cards">
<thead><tr><th scope="col">When</th><th scope="col">State</th><th scope="col">Status</th><th scope="col" class="number">Payout</th><th scope="col">ref_id</th><th scope="col">Last answer</th><th scope="col" class="number">Attempts</th></tr></thead>
<tbody>
<% for (const item of it.items) { const href = '/console/deliveries/' + encodeURIComponent(item.postback_id); %>
<tr>
<td data-label="When"><a href="<%= href %>"><%~ it.show.time(item.created_at) %><span class="unseen">, details</span></a></td>
<td data-label="State"><span class="row"><%~ it.show.state(item.state) %><% if (item.warnings.length > 0) { %> <a class="flag" href="<%= href %>" title="<%= item.warnings[0].message %>">hides a refusal</a><% } %></span></td>
<td data-label="Status"><%~ it.show.state(item.status) %></td>
<td data-label="Payout" class="number"><%~ it.show.money(item.payout.amount, item.payout.currency) %></td>
<td data-label="ref_id"><% if (item.ref_id !== null) { %><%~ it.show.id(item.ref_id) %><% } else { %><span class="soft">none</span><% } %></td>
<td data-label="Last answer"><%= item.answer %><% if (item.state === 'retrying' && item.next_attempt_at) { %> <span class="soft small">next <%~ it.show.countdown(item.next_attempt_at) %></span><% } %></td>
<td data-label="Attempts" class="number"><%= item.attempts_made %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
<% } %>
`,
);

export function sendDeliveryList(res: Response, data: DeliveryListData): void {
  sendPage(res, { title: 'Deliveries' }, { ...data, options });
}
