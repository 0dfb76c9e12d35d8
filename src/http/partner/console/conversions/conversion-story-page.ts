import type { tellPartnerConversion } from '../../../../stories/partner-conversion-story.ts';
import { definePage } from '../console-page.ts';

type Story = ReturnType<typeof tellPartnerConversion>;

/** The partner's part of a conversion's story. */
export const sendConversionStory = definePage<{ story: Story }>(
  'conversions',
  `
<p class="small"><a href="/console/conversions">All conversions</a></p>
<div class="head">
<h1>Conversion <code class="whole-id"><%= it.story.conversion_id %></code></h1>
<div class="row"><% if (it.story.status) { %><%~ it.show.state(it.story.status) %><% } %><%~ it.show.state(it.story.outcome) %><%~ it.show.copy(it.story.conversion_id, 'the conversion id') %></div>
</div>
<section class="card"><h2>Why</h2><p><%~ it.show.prose(it.story.why) %></p></section>
<div class="split">
<section class="card">
<h2>Facts</h2>
<dl class="facts">
<dt>Offer</dt><dd><%= it.story.offer_name ?? it.story.offer_id %></dd>
<dt>ref_id</dt><dd><% if (it.story.ref_id) { %><code><%= it.story.ref_id %></code> <%~ it.show.copy(it.story.ref_id, 'the ref_id') %><% } else { %><span class="soft">none: <a href="/docs#ref-id">without one no postback is sent</a></span><% } %></dd>
<dt>Began</dt><dd><%~ it.show.exactTime(it.story.created_at) %></dd>
<dt>Last status</dt><dd><% if (it.story.status) { %><%= it.story.status %>, <%~ it.show.exactTime(it.story.status_at) %><% } else { %><span class="soft">none yet</span><% } %></dd>
</dl>
</section>
<section class="card">
<h2>Reward</h2>
<dl class="facts">
<dt>You have</dt><dd><% if (it.story.reward.net) { %><%~ it.show.money(it.story.reward.net.amount, it.story.reward.net.currency) %><% } else { %><span class="soft">nothing yet</span><% } %></dd>
<dt>Price</dt><dd><% if (it.story.price) { %><%~ it.show.money(it.story.price.amount, it.story.price.currency) %>, <a href="/docs#price">fixed when it was approved</a><% if (it.story.price.tier_from !== null || it.story.price.cap) { %><br><span class="soft"><%= it.story.price.why %></span><% } %><% } else { %><span class="soft"><a href="/docs#price">fixed when it is approved</a></span><% } %></dd>
<% for (const entry of it.story.reward.entries) { %>
<dt><%= entry.line === 'correction' ? 'Corrected' : entry.kind === 'booked' ? 'Booked' : 'Revoked' %></dt><dd><%~ it.show.money(entry.amount, entry.currency) %>, <%~ it.show.exactTime(entry.at) %><br><span class="soft"><% if (entry.payout_id) { %><a href="/console/earnings/statements/<%= encodeURIComponent(entry.payout_id) %>">paid out</a> <%~ it.show.time(entry.paid_at) %><% } else { %>not paid out yet<% } %></span></dd>
<% } %>
</dl>
</section>
</div>
<section>
<h2>Postbacks</h2>
<% if (it.story.postbacks.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Postbacks">
<table class="cards">
<thead><tr><th scope="col">Postback</th><th scope="col">Tells</th><th scope="col">State</th><th scope="col" class="number">Payout</th><th scope="col" class="number">Attempts</th><th scope="col">When</th></tr></thead>
<tbody>
<% for (const postback of it.story.postbacks) { %>
<tr>
<td data-label="Postback"><%~ it.show.id(postback.postback_id, '/console/deliveries/' + encodeURIComponent(postback.postback_id)) %></td>
<td data-label="Tells"><%~ it.show.state(postback.status) %></td>
<td data-label="State"><%~ it.show.state(postback.state) %></td>
<td data-label="Payout" class="number"><%~ it.show.money(postback.payout.amount, postback.payout.currency) %></td>
<td data-label="Attempts" class="number"><%= postback.attempts_made %></td>
<td data-label="When"><% if (postback.next_attempt_at) { %>next attempt <%~ it.show.countdown(postback.next_attempt_at) %><% } else { %><%~ it.show.time(postback.ended_at ?? postback.created_at) %><% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else { %>
<p class="soft">None: a postback is sent when a status comes while the lead is linked to you.</p>
<% } %>
</section>
<section>
<h2>What happened</h2>
<ol class="timeline">
<% for (const moment of it.story.timeline) { %>
<li><span class="soft"><%~ it.show.exactTime(moment.at) %></span><span><%= moment.what %></span></li>
<% } %>
</ol>
</section>
`,
);
