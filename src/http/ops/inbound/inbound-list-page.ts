import type { FoundRefusedCalls, RefusedLately } from '../../../db/refused-calls.ts';
import type { RefusalReason } from '../../../domain/origin-proofs.ts';
import type { StatusCallView } from '../../../stories/status-call-view.ts';
import { definePage } from '../ops-page.ts';

type Options = { value: string; label: string }[];

export type InboundListData = {
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  rows: StatusCallView[];
  /** Calls that did not prove where they come from: of all advertisers lately, or by the hour where they are asked for. */
  refused: { lately: RefusedLately[]; byHour: FoundRefusedCalls[] };
  /** What each kind of them lacked. */
  lacking: Record<RefusalReason, string>;
  results: Options;
  first: string | undefined;
  next: string | undefined;
};

const TABLE = `
<div class="table" tabindex="0" role="region" aria-label="Status calls">
<table class="cards">
<thead><tr><th scope="col">Call</th><th scope="col">When</th><th scope="col">Advertiser</th><th scope="col">Conversion</th><th scope="col">It said</th><th scope="col">Became</th><th scope="col">Brought by</th></tr></thead>
<tbody>
<% for (const row of it.rows) { %>
<tr>
<td data-label="Call" class="whole-line"><a href="/ops/inbound/<%= row.call_id %>">Call <%= row.call_id %></a></td>
<td data-label="When"><%~ it.show.time(row.at) %></td>
<td data-label="Advertiser" class="wrap"><a href="/ops/advertisers/<%= encodeURIComponent(row.advertiser_id) %>"><%= row.advertiser_id %></a></td>
<td data-label="Conversion"><% if (row.conversion_id === null) { %><span class="soft">none</span><% } else { %><%~ it.show.id(row.conversion_id, row.result === 'unknown_conversion' ? undefined : '/ops/conversions/' + encodeURIComponent(row.conversion_id)) %><% } %></td>
<td data-label="It said" class="wrap"><% if (row.word === null) { %><span class="soft">nothing</span><% } else { %><%= row.word %><% } %><% if (row.status !== null && row.status !== row.word) { %> <span class="soft small">means <%= row.status %></span><% } %></td>
<td data-label="Became"><%~ it.show.state(row.result.replaceAll('_', ' ')) %></td>
<td data-label="Brought by" class="small"><%= row.source === 'ops' ? 'ops' : row.source === 'import' ? 'a file' : 'a call' %><% if (row.rejudged_at !== null) { %>, judged again<% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>`;

/** The inbound log: every call that came in, whatever became of it. */
export const sendInboundList = definePage<InboundListData>(
  'inbound',
  `
<div class="head"><h1>Inbound log</h1></div>
<p class="soft">Every status call as it came, the newest first. What was refused can be put right here.</p>
<form method="get" action="/ops/inbound" class="filters">
<%~ it.show.field({ name: 'advertiser_id', label: 'Advertiser', type: 'search', value: it.given.advertiser_id, error: it.errors.advertiser_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.field({ name: 'conversion_id', label: 'Conversion', type: 'search', value: it.given.conversion_id, error: it.errors.conversion_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.select({ name: 'result', label: 'Became', value: it.given.result, options: it.results }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="/ops/inbound">All</a><% } %></div>
</form>
<% for (const each of it.refused.lately) { %>
<%~ it.show.notice({ tone: 'bad', title: each.calls + (each.calls === 1 ? ' call' : ' calls') + ' in the name of ' + each.advertiser_id + ' without proof', text: 'In the last day. Its token, signature or address was not right, so these were counted and not kept.', actions: [{ label: 'Show what they look like', href: '/ops/inbound?advertiser_id=' + encodeURIComponent(each.advertiser_id) }] }) %>
<% } %>
<% if (it.refused.byHour.length > 0) { %>
<details class="card noted"<% if (it.given.result === 'bad_token') { %> open<% } %>><summary>Calls that did not prove where they come from: <%= it.refused.byHour.reduce((sum, { calls }) => sum + calls, 0) %></summary>
<p class="soft small">They are counted by the hour, each with what the last one looked like.</p>
<ul class="plain-list">
<% for (const hour of it.refused.byHour) { %>
<li><%~ it.show.exactTime(hour.last_at) %>: <strong><%= hour.calls %></strong> <%= hour.calls === 1 ? 'call' : 'calls' %>, <%= it.lacking[hour.reason] %><% if (it.given.advertiser_id === undefined) { %>, in the name of <a href="/ops/advertisers/<%= encodeURIComponent(hour.advertiser_id) %>"><%= hour.advertiser_id %></a><% } %><pre tabindex="0" aria-label="What the last one looked like"><%= hour.sample %></pre></li>
<% } %>
</ul></details>
<% } %>
<% if (it.rows.length > 0) { %>${TABLE}
<% } else if (it.refused.byHour.length > 0 && it.given.result === 'bad_token') { %>
<p class="soft">Such calls are counted and not kept one by one.</p>
<% } else if (it.next) { %>
<p class="soft">None in this part of the log; it goes on.</p>
<% } else { %>
<%~ it.show.nothing(it.isFiltered ? { title: 'Nothing fits', text: 'No call is like this. Ids must be whole, and calls with a wrong token are only counted.', action: { label: 'Show all', href: '/ops/inbound' } } : { title: 'No calls yet', text: 'An advertiser reports what became of a visitor to the address on its page.' }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);

/** Calls that came after their window, and wait for somebody to accept them (R9). */
export const sendLateList = definePage<Pick<InboundListData, 'rows' | 'first' | 'next'>>(
  'late',
  `
<div class="head"><h1>Late statuses</h1></div>
<p class="soft">These came after the window of their lead, so they changed nothing. One that you accept counts as if it had come in time.</p>
<% if (it.rows.length > 0) { %>${TABLE}
<% } else { %>
<%~ it.show.nothing({ title: 'Nothing came late', text: 'A status that comes after the window of its lead is refused, kept, and listed here.' }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);
