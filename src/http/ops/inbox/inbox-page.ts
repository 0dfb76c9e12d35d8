import type { WaitingPreview } from '../../../db/statuses/kept-calls.ts';
import type { UnknownWordView } from '../../../stories/unknown-word-view.ts';
import { definePage } from '../ops-page.ts';

type InboxData = {
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  rows: UnknownWordView[];
  mayOperate: boolean;
  first: string | undefined;
  next: string | undefined;
};

/** Words that advertisers send and nobody has explained yet. */
export const sendInbox = definePage<InboxData>(
  'inbox',
  `
<div class="head"><h1>Unknown words</h1></div>
<p class="soft">Advertisers have sent these words, and we do not know what they mean. Their calls were refused and are kept: say what a word means, and they are applied.</p>
<form method="get" action="/ops/inbox" class="filters">
<%~ it.show.field({ name: 'advertiser_id', label: 'Advertiser', type: 'search', value: it.given.advertiser_id, error: it.errors.advertiser_id, attributes: { maxlength: '64' } }) %>
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="/ops/inbox">All</a><% } %></div>
</form>
<% if (it.rows.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Unknown words">
<table class="cards">
<thead><tr><th scope="col">Word</th><th scope="col">Advertiser</th><th scope="col" class="number">Calls</th><th scope="col">First</th><th scope="col">Last</th><th scope="col">Others mean</th><th scope="col"><span class="unseen">What to do</span></th></tr></thead>
<tbody>
<% for (const row of it.rows) { const query = 'advertiser_id=' + encodeURIComponent(row.advertiser_id) + '&word=' + encodeURIComponent(row.word); %>
<tr>
<th scope="row" class="wrap"><code><%= row.word %></code></th>
<td data-label="Advertiser" class="wrap"><a href="/ops/advertisers/<%= encodeURIComponent(row.advertiser_id) %>"><%= row.advertiser_name %></a></td>
<td data-label="Calls" class="number"><a href="/ops/inbound?advertiser_id=<%= encodeURIComponent(row.advertiser_id) %>&amp;result=unknown_word"><%= row.count %></a></td>
<td data-label="First"><%~ it.show.time(row.first_seen) %></td>
<td data-label="Last"><%~ it.show.time(row.last_seen) %></td>
<td data-label="Others mean"><% if (row.meaning) { %><span class="small">it means <%= row.meaning %> by now</span><% } else if (row.suggestion) { %><%~ it.show.state(row.suggestion) %><% } else { %><span class="soft">no hint</span><% } %></td>
<td><% if (it.mayOperate) { %><a class="button plain" href="/ops/inbox/map?<%= query %>"><%= row.meaning ? 'Apply' : 'Map' %></a><% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else { %>
<%~ it.show.nothing(it.isFiltered ? { title: 'Nothing waits', text: 'Every word of this advertiser is known.', action: { label: 'Show all', href: '/ops/inbox' } } : { title: 'Every word is known', text: 'A word that nobody has explained is refused, and its calls wait here.' }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next, order: 'listed' }) %>
`,
);

type MapData = {
  advertiserId: string;
  name: string;
  word: string;
  meaning: string;
  error: string | undefined;
  /** How many of the networks that were counted mean what by it. */
  suggestion: { status: string; networks: number } | undefined;
  waiting: WaitingPreview;
  options: { value: string; label: string }[];
};

/** Asks what a word means, and says first how many calls that would apply. */
export const sendMapWord = definePage<MapData>(
  'inbox',
  `
<% const { calls, unknown, late } = it.waiting; const many = (count, one, more) => count === 1 ? one : more; %>
<p class="small"><a href="/ops/inbox">Unknown words</a></p>
<div class="head"><h1>What does <code><%= it.word %></code> mean?</h1></div>
<section class="card">
<p><a href="/ops/advertisers/<%= encodeURIComponent(it.advertiserId) %>"><%= it.name %></a> <%= calls === 0 ? 'sends this word, but no call is kept for it.' : 'has sent it in ' + (calls >= 10000 ? 'more than 10,000' : calls) + ' ' + many(calls, 'call that is kept.', 'calls that are kept.') %> <% if (it.suggestion) { %>Of 395 networks that were counted, <%= it.suggestion.networks %> mean <strong><%= it.suggestion.status %></strong> by it.<% } else { %>Others give no hint: ask the advertiser rather than guess.<% } %></p>
<% if (calls > 0) { %>
<ul class="plain-list">
<li><strong><%= calls - unknown - late %></strong> of them <%= many(calls - unknown - late, 'is', 'are') %> applied, in the order in which they came; one that repeats another changes nothing, and none undoes a decision that came after it.</li>
<% if (late > 0) { %><li><strong><%= late %></strong> came after the window of the lead: <%= many(late, 'it stays', 'they stay') %> refused, and you can accept <%= many(late, 'it', 'them') %> late.</li><% } %>
<% if (unknown > 0) { %><li><strong><%= unknown %></strong> <%= many(unknown, 'names', 'name') %> no conversion of this advertiser.</li><% } %>
</ul>
<p>Rewards are booked or revoked, and partners are told, as with any other status.</p>
<% } %>
<form method="post" action="/ops/inbox/map">
<%~ it.show.formToken() %>
<input type="hidden" name="advertiser_id" value="<%= it.advertiserId %>">
<input type="hidden" name="word" value="<%= it.word %>">
<%~ it.show.select({ name: 'status', label: 'It means', value: it.meaning, error: it.error, options: it.options, help: 'It holds for this advertiser alone, from now on. Ignore: its calls change nothing.' }) %>
<div class="row"><button>Map and apply</button><a class="button plain" href="/ops/inbox">Leave it</a></div>
</form>
</section>
`,
);
