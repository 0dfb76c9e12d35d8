import type { flagNames } from '../../../domain/fraud-flag.ts';
import type { LeadStory } from '../../../stories/lead-story.ts';
import { definePage } from '../ops-page.ts';

/** Which events are shown; the places are what `after` leads to them. */
export type Paging = {
  from: number;
  to: number;
  of: number;
  first: number | undefined;
  previous: number | undefined;
  next: number | undefined;
  last: number | undefined;
};

type LeadData = {
  story: LeadStory;
  /** Who holds it and why. */
  holder: string;
  isOpen: boolean;
  paging: Paging;
  flagNames: typeof flagNames;
  /** A sentence as HTML, its ids as links. */
  link: (text: string) => string;
};

/** A lead's story. */
export const sendLead = definePage<LeadData>(
  'leads',
  `
<p class="small"><a href="/ops/leads">Leads</a></p>
<div class="head">
<h1>Lead <%~ it.show.id(it.story.lead_id) %></h1>
<div class="row"><%~ it.show.state(it.isOpen ? 'open' : 'closed') %><% if (it.story.temporal_ui_url) { %><a class="button plain" href="<%= it.story.temporal_ui_url %>" rel="noreferrer">Its workflow in Temporal</a><% } %></div>
</div>
<section class="card">
<p class="told"><%~ it.show.prose(it.holder) %></p>
<p class="soft"><% if (it.isOpen) { %>Its window is open until <%~ it.show.exactTime(it.story.open_until) %>, longer if something happens before that.<% } else { %>Its window ended <%~ it.show.exactTime(it.story.open_until) %>. A status that comes now is refused but kept, and can be accepted late.<% } %></p>
</section>
<section>
<h2>Conversions</h2>
<% if (it.story.conversions.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Conversions">
<table class="cards">
<thead><tr><th scope="col">Conversion</th><th scope="col">Offer</th><th scope="col">Status</th><th scope="col">Won by</th><th scope="col" class="number">Reward</th><th scope="col">Postbacks</th><th scope="col">Began</th></tr></thead>
<tbody>
<% for (const each of it.story.conversions) { %>
<tr>
<td data-label="Conversion"><%~ it.show.id(each.conversion_id, '/ops/conversions/' + encodeURIComponent(each.conversion_id)) %></td>
<td data-label="Offer" class="wrap"><a href="/ops/offers/<%= encodeURIComponent(each.offer.offer_id) %>"><%= each.offer.name ?? each.offer.offer_id %></a></td>
<td data-label="Status"><% if (each.status) { %><%~ it.show.state(each.status) %><% } else { %><span class="soft">none yet</span><% } %></td>
<td data-label="Won by" class="wrap"><% if (!each.won_by) { %><span class="soft">nobody yet</span><% } else if (each.won_by.partner_id === 'house') { %>house<% } else { %><a href="/ops/partners/<%= encodeURIComponent(each.won_by.partner_id) %>"><%= each.won_by.partner_id %></a><% } %></td>
<td data-label="Reward" class="number"><% if (each.reward.net) { %><%~ it.show.money(each.reward.net.amount, each.reward.net.currency) %><% } else { %><span class="soft">–</span><% } %></td>
<td data-label="Postbacks"><span class="row tight"><% for (const postback of each.postbacks) { %><a href="/ops/postbacks/<%= encodeURIComponent(postback.postback_id) %>" title="<%= postback.status %> to <%= postback.partner_id %>"><%~ it.show.state(postback.state) %></a><% } %><% if (each.postbacks.length === 0) { %><span class="soft">none</span><% } %></span></td>
<td data-label="Began"><%~ it.show.time(each.created_at) %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else { %>
<p class="soft">None<% if (it.paging.of > it.paging.to || it.paging.from > 1) { %> among the events below<% } else { %>: nobody has gone on to an offer<% } %>.</p>
<% } %>
</section>
<% const odd = it.story.conversions.filter((each) => each.flags.length > 0); %>
<% if (odd.length > 0) { %>
<section class="card" id="flags">
<h2>What looks odd</h2>
<% for (const each of odd) { %>
<p>Conversion <%~ it.show.id(each.conversion_id, '/ops/conversions/' + encodeURIComponent(each.conversion_id)) %></p>
<ul><% for (const flag of each.flags) { %><li><strong><%= it.flagNames[flag.kind] %></strong>: <%= flag.reason %> <span class="soft small">About <%= flag.partner_id %>, <%~ it.show.time(flag.at) %></span></li><% } %></ul>
<% } %>
<p class="soft small">Flags stop nothing, and no partner sees them. <a href="/ops/fraud">All flags</a></p>
</section>
<% } %>
<section>
<div class="head"><h2>What happened</h2><% if (it.paging.from > 1 || it.paging.to < it.paging.of) { %><span class="soft small">Events <%= it.paging.from %> to <%= it.paging.to %> of <%= it.paging.of %></span><% } %></div>
<ol class="timeline">
<% for (const moment of it.story.timeline) { %>
<li><span class="soft"><%~ it.show.exactTime(moment.at) %></span><span><%~ it.link(moment.what) %></span></li>
<% } %>
</ol>
<% const at = (after) => '/ops/leads/' + encodeURIComponent(it.story.lead_id) + '?after=' + after; %>
<nav class="row pages" aria-label="Pages">
<% if (it.paging.first !== undefined) { %><a class="button plain" href="<%= at(it.paging.first) %>">First</a><% } %>
<% if (it.paging.previous !== undefined) { %><a class="button plain" href="<%= at(it.paging.previous) %>" rel="prev">Earlier</a><% } %>
<% if (it.paging.next !== undefined) { %><a class="button plain" href="<%= at(it.paging.next) %>" rel="next">Later</a><% } %>
<% if (it.paging.last !== undefined) { %><a class="button plain" href="<%= at(it.paging.last) %>">Latest</a><% } %>
</nav>
</section>
`,
);
