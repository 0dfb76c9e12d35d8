import type { StatusCallView } from '../../../stories/status-call-view.ts';
import { definePage } from '../ops-page.ts';

export type CallData = {
  call: StatusCallView;
  raw: string;
  /** What the conversion is now; undefined when there is no such conversion. */
  current: { status: string | null } | undefined;
  mayOperate: boolean;
  /** Why it could not be done. */
  refusal: string | undefined;
};

/** One status call: what it said, what became of it, and what can be done about it. */
export const sendCall = definePage<CallData>(
  'inbound',
  `
<% const call = it.call; const address = '/ops/inbound/' + call.call_id; %>
<p class="small"><a href="/ops/inbound">Inbound log</a></p>
<div class="head"><h1>Status call <%= call.call_id %></h1><%~ it.show.state(call.result.replaceAll('_', ' ')) %></div>
<% if (it.refusal) { %><%~ it.show.notice({ tone: 'bad', text: it.refusal, role: 'alert' }) %><% } %>
<section class="card">
<h2><%= call.verdict === 'recorded' ? 'It was recorded' : call.verdict === 'refused' ? 'It was refused' : 'It changed nothing' %></h2>
<p class="told"><%= call.explanation %></p>
<% if (it.mayOperate && call.repair === 'accept') { %>
<p>If you accept it, conversion <%= call.conversion_id %> becomes <strong><%= call.status %></strong><% if (it.current) { %> (now: <%= it.current.status ?? 'no status' %>)<% } %>. Its reward is booked or revoked, and its partner is told, as with any other status.</p>
<form method="post" action="<%= address %>/accept">
<%~ it.show.formToken() %>
<button>Accept it late</button>
</form>
<% } else if (it.mayOperate && call.repair === 'rejudge') { %>
<p class="row">
<% if (call.result === 'unknown_word' && call.word !== null) { %><a class="button" href="/ops/inbox/map?advertiser_id=<%= encodeURIComponent(call.advertiser_id) %>&amp;word=<%= encodeURIComponent(call.word) %>">Say what the word means</a><% } %>
<% if (call.result === 'malformed' || call.result === 'unknown_conversion') { %><a class="button plain" href="/ops/advertisers/<%= encodeURIComponent(call.advertiser_id) %>/vocabulary">The advertiser’s words and parameters</a><% } %>
</p>
<form method="post" action="<%= address %>/rejudge">
<%~ it.show.formToken() %>
<button class="plain">Judge it again</button>
<p class="soft small">By the words and names of today, and by the window of the time when it came.</p>
</form>
<% } %>
</section>
<div class="split">
<section class="card">
<h2>Facts</h2>
<dl class="facts">
<dt>Came</dt><dd><%~ it.show.exactTime(call.at) %></dd>
<dt>From</dt><dd><a href="/ops/advertisers/<%= encodeURIComponent(call.advertiser_id) %>"><%= call.advertiser_id %></a> <span class="soft small"><%= call.source === 'ops' ? 'given by ops in its name' : call.source === 'import' ? 'in a file' : 'by a call' %></span></dd>
<dt>Conversion</dt><dd><% if (call.conversion_id === null) { %><span class="soft">none was named</span><% } else { %><%~ it.show.id(call.conversion_id, it.current ? '/ops/conversions/' + encodeURIComponent(call.conversion_id) : undefined) %><% } %></dd>
<dt>Word</dt><dd><% if (call.word === null) { %><span class="soft">none</span><% } else { %><code><%= call.word %></code><% if (call.status !== null) { %> means <%~ it.show.state(call.status) %><% } %><% } %></dd>
<% if (call.transaction_id !== null) { %><dt>Its own id</dt><dd><%~ it.show.id(call.transaction_id) %></dd><% } %>
<% if (call.lead_id !== null) { %><dt>Became</dt><dd>event <%= call.seq %> of lead <%~ it.show.id(call.lead_id, '/ops/leads/' + encodeURIComponent(call.lead_id)) %></dd><% } %>
<% if (call.accepted_at !== null) { %><dt>Accepted</dt><dd><%~ it.show.exactTime(call.accepted_at) %></dd><% } else if (call.rejudged_at !== null) { %><dt>Judged again</dt><dd><%~ it.show.exactTime(call.rejudged_at) %></dd><% } %>
</dl>
</section>
<section class="card">
<div class="head"><h2>As it came</h2><%~ it.show.copy(it.raw, 'the call', 'Copy') %></div>
<pre tabindex="0" aria-label="The call as it came"><%= it.raw %></pre>
<p class="soft small">Its token is never kept.</p>
</section>
</div>
`,
);
