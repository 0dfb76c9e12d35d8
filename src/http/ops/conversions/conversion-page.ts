import type { flagNames } from '../../../domain/fraud-flag.ts';
import type { ConversionStory } from '../../../stories/conversion-story.ts';
import type { tellSkip } from '../../../stories/skip-words.ts';
import { definePage } from '../ops-page.ts';

/** What to tell a partner: which partners it concerns, whom of them the text is for, and the text; '' when nothing is known. */
export type Explanation = { partners: string[]; to: string | undefined; text: string };

type ConversionData = {
  flagNames: typeof flagNames;
  tellSkip: typeof tellSkip;
  story: ConversionStory;
  why: string;
  explanation: Explanation;
  /** A sentence as HTML, its ids as links. */
  link: (text: string) => string;
  mayGiveStatus: boolean;
};

/** A conversion's story. */
export const sendConversion = definePage<ConversionData>(
  'conversions',
  `
<% const story = it.story; const address = '/ops/conversions/' + encodeURIComponent(story.conversion_id); %>
<p class="small"><a href="/ops/conversions">Conversions</a></p>
<div class="head">
<h1>Conversion <%~ it.show.id(story.conversion_id) %></h1>
<div class="row"><%~ it.show.state(story.state) %><% if (it.mayGiveStatus) { %><a class="button plain" href="<%= address %>/status">Give a status</a><% } %><% if (story.temporal_ui_url) { %><a class="button plain" href="<%= story.temporal_ui_url %>" rel="noreferrer">Its lead in Temporal</a><% } %></div>
</div>
<section class="card">
<h2><% if (!story.won_by) { %>Nobody has won it yet<% } else { %>Won by <%= story.won_by.partner_id %><% } %></h2>
<p class="told"><%~ it.show.prose(it.why) %></p>
</section>
<section class="card" id="explain">
<div class="head"><h2>To tell the partner</h2><% if (it.explanation.partners.length > 1) { %><nav class="row small" aria-label="For which partner">for<% for (const partner of it.explanation.partners) { %> <a href="<%= address %>?to=<%= encodeURIComponent(partner) %>#explain"<% if (partner === it.explanation.to) { %> aria-current="true"<% } %>><%= partner %></a><% } %></nav><% } %></div>
<% if (it.explanation.text !== '') { %>
<blockquote class="told" id="explanation"><%= it.explanation.text %></blockquote>
<p class="row"><%~ it.show.copy(it.explanation.text, 'the explanation', 'Copy the text') %><span class="soft small">It names no other partner.</span></p>
<% } else if (it.explanation.to) { %>
<p class="soft">Nothing of this conversion concerns <%= it.explanation.to %>.</p>
<% } else { %>
<p class="soft">It concerns no partner: it belongs to the house.</p>
<% } %>
</section>
<% if (story.flags.length > 0) { %>
<section class="card" id="flags">
<h2>What looks odd</h2>
<ul><% for (const flag of story.flags) { %><li><strong><%= it.flagNames[flag.kind] %></strong>: <%= flag.reason %> <span class="soft small">About <%= flag.partner_id %>, <%~ it.show.exactTime(flag.at) %></span></li><% } %></ul>
<p class="soft small">Flags stop nothing, and no partner sees them. <a href="/ops/fraud">All flags</a></p>
</section>
<% } %>
<div class="split">
<section class="card">
<h2>Facts</h2>
<dl class="facts">
<dt>Lead</dt><dd><%~ it.show.id(story.lead_id, '/ops/leads/' + encodeURIComponent(story.lead_id)) %></dd>
<dt>Held by</dt><dd><% if (story.linked_partner === 'house') { %>house<% } else { %><a href="/ops/partners/<%= encodeURIComponent(story.linked_partner) %>"><%= story.linked_partner %></a><% } %></dd>
<dt>Offer</dt><dd><a href="/ops/offers/<%= encodeURIComponent(story.offer.offer_id) %>"><%= story.offer.name ?? story.offer.offer_id %></a></dd>
<dt>Advertiser</dt><dd><a href="/ops/advertisers/<%= encodeURIComponent(story.advertiser.advertiser_id) %>"><%= story.advertiser.name ?? story.advertiser.advertiser_id %></a></dd>
<dt>Window</dt><dd><%= story.state === 'expired' ? 'ended without any status' : 'ends' %> <%~ it.show.exactTime(story.open_until) %></dd>
<dt>Began</dt><dd><%~ it.show.exactTime(story.created_at) %></dd>
</dl>
</section>
<section class="card">
<h2>Reward</h2>
<dl class="facts">
<dt>Now</dt><dd><% if (story.reward.net) { %><%~ it.show.money(story.reward.net.amount, story.reward.net.currency) %><% } else { %><span class="soft">nothing was ever booked</span><% } %></dd>
<% const priced = story.statuses.find(({ status }) => status === 'approved') ?? story.statuses.findLast(({ price }) => price); if (priced?.price) { %>
<dt><% if (priced.status === 'approved') { %>Price<% } else { %>Price when <%= priced.status %><% } %></dt><dd><%= priced.price.why %> <a class="small" href="/ops/prices/<%= encodeURIComponent(story.offer.offer_id) %>">The offer's prices</a></dd>
<% } %>
<% for (const entry of story.reward.entries) { %>
<dt><%= entry.line === 'correction' ? 'Corrected' : entry.kind === 'booked' ? 'Booked' : 'Revoked' %></dt><dd><%~ it.show.money(entry.amount, entry.currency) %> for <%= entry.partner_id %>, <%~ it.show.exactTime(entry.at) %> <span class="soft small">price version <%= entry.price_version %>; <a href="/ops/partners/<%= encodeURIComponent(entry.partner_id) %>/ledger<%= entry.payout_id ? '/' + encodeURIComponent(entry.payout_id) : '?conversion_id=' + encodeURIComponent(story.conversion_id) %>"><% if (entry.payout_id) { %>paid out<% } else { %>not paid out<% } %></a><% if (entry.payout_id) { %> <%~ it.show.time(entry.paid_at) %>, reference <%= entry.payout_reference %><% } %></span></dd>
<% } %>
</dl>
</section>
</div>
<section>
<h2>What the advertiser said</h2>
<% if (story.statuses.length + story.other_calls.length > 0) { %>
<ul class="plain-list said">
<% for (const status of story.statuses) { %>
<li><span class="row"><%~ it.show.state(status.status) %> <span class="soft"><%~ it.show.exactTime(status.at) %></span> <% if (status.reason) { %><span>“<%= status.reason %>”</span><% } %> <span class="soft small"><% if (status.settled_with) { %>settled with <%= status.settled_with %><% } else { %>not settled yet<% } %></span><% if (status.call && status.call.source === 'ops') { %> <span class="small">given by ops</span><% } else if (status.call && status.call.source === 'import') { %> <span class="small">in a file</span><% } %><% if (status.call && status.call.word !== status.status) { %> <span class="small"><% if (status.call.word === null) { %>its call had no word<% } else { %>its word was “<%= status.call.word %>”<% } %></span><% } %></span>
<% if (status.call) { %><details><summary>The call as it came, <%= status.call.call_id %></summary><pre tabindex="0" aria-label="Status call <%= status.call.call_id %>"><%= JSON.stringify(status.call.raw, null, 2) %></pre></details><% } %></li>
<% } %>
<% for (const call of story.other_calls) { %>
<li><span class="row"><%~ it.show.state(call.result.replaceAll('_', ' ')) %> <span class="soft"><%~ it.show.exactTime(call.at) %></span> <% if (call.word !== null) { %><span class="small">“<%= call.word %>”</span> <% } %><span class="soft small">kept, without effect</span> <a class="small" href="/ops/inbound/<%= call.call_id %>">why, and what to do</a></span>
<details><summary>The call as it came, <%= call.call_id %></summary><pre tabindex="0" aria-label="Status call <%= call.call_id %>"><%= JSON.stringify(call.raw, null, 2) %></pre></details></li>
<% } %>
</ul>
<% } else { %>
<p class="soft">Nothing yet.</p>
<% } %>
</section>
<section>
<h2>Postbacks</h2>
<% if (story.postbacks.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Postbacks">
<table class="cards">
<thead><tr><th scope="col">Postback</th><th scope="col">Partner</th><th scope="col">Tells</th><th scope="col">State</th><th scope="col" class="number">Payout</th><th scope="col" class="number">Attempts</th><th scope="col">When</th></tr></thead>
<tbody>
<% for (const postback of story.postbacks) { %>
<tr>
<td data-label="Postback"><%~ it.show.id(postback.postback_id, '/ops/postbacks/' + encodeURIComponent(postback.postback_id)) %></td>
<td data-label="Partner" class="wrap"><%= postback.partner_id %></td>
<td data-label="Tells"><%~ it.show.state(postback.status) %><% if (postback.is_handover) { %> <span class="soft small">lost to another</span><% } %></td>
<td data-label="State"><%~ it.show.state(postback.state) %><% if (postback.skip_reason) { %> <span class="soft small"><%= it.tellSkip(postback.skip_reason) %></span><% } %></td>
<td data-label="Payout" class="number"><%~ it.show.money(postback.payout.amount, postback.payout.currency) %></td>
<td data-label="Attempts" class="number"><%= postback.attempts.length %></td>
<td data-label="When"><% if (postback.next_attempt_at) { %>next attempt <%~ it.show.countdown(postback.next_attempt_at) %><% } else { %><%~ it.show.time(postback.ended_at ?? postback.created_at) %><% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else { %>
<p class="soft">None: the first status makes one.</p>
<% } %>
</section>
<section>
<h2>What happened</h2>
<% if (!story.is_complete) { %><p class="soft small">Only what is near the decision; the <a href="/ops/leads/<%= encodeURIComponent(story.lead_id) %>">lead's page</a> has all of it.</p><% } %>
<ol class="timeline">
<% for (const moment of story.timeline) { %>
<li><span class="soft"><%~ it.show.exactTime(moment.at) %></span><span><%~ it.link(moment.what) %></span></li>
<% } %>
</ol>
</section>
`,
);
