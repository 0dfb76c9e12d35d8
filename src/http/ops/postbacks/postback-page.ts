import type { Response } from 'express';
import type { viewPartnerPostback } from '../../../stories/partner-postback.ts';
import { ATTEMPTS_PART, attemptTexts } from '../../console/attempts-part.ts';
import { definePage } from '../ops-page.ts';

export type PostbackData = {
  postback: ReturnType<typeof viewPartnerPostback>;
  leadId: string;
  partner: { partnerId: string; name: string };
  /** What became of sending it again. */
  again: { tone: 'good' | 'bad' | 'busy'; text: string } | undefined;
  mayRedeliver: boolean;
  /** Why it cannot be redelivered, as part of a sentence; null where it can, or where its explanation says so. */
  refusal: string | null;
  /** Its part of the page is asked for anew until it has ended. */
  isMoving: boolean;
  address: string;
};

const sendPage = definePage<PostbackData & { texts: typeof attemptTexts }>(
  'postbacks',
  `
<p class="small"><a href="/ops/postbacks">Postbacks</a></p>
<div id="postback"<% if (it.isMoving) { %> hx-get="<%= it.address %>" hx-trigger="every 2s" hx-select="#postback" hx-swap="outerHTML"<% } %>>
<% const postback = it.postback; %>
<div class="head"><h1>Postback <%~ it.show.id(postback.postback_id) %></h1><span class="row"><%~ it.show.state(postback.status) %> <%~ it.show.state(postback.state) %></span></div>
<% if (it.again) { %><%~ it.show.notice({ ...it.again, role: 'status' }) %><% } %>
<section class="card">
<p class="soft small">As its partner reads it</p>
<p class="told"><%~ it.show.prose(postback.explanation) %></p>
<% for (const warning of postback.warnings) { %><%~ it.show.notice({ tone: 'bad', title: 'The endpoint answered 200, but seems to have refused it', text: warning.message }) %><% } %>
<dl class="facts">
<dt>Partner</dt><dd><a href="/ops/partners/<%= encodeURIComponent(it.partner.partnerId) %>"><%= it.partner.name %></a></dd>
<dt>Conversion</dt><dd><%~ it.show.id(postback.conversion_id, '/ops/conversions/' + encodeURIComponent(postback.conversion_id)) %></dd>
<dt>Lead</dt><dd><%~ it.show.id(it.leadId, '/ops/leads/' + encodeURIComponent(it.leadId)) %></dd>
<dt>ref_id</dt><dd><% if (postback.ref_id !== null) { %><%~ it.show.id(postback.ref_id) %><% } else { %><span class="soft">none</span><% } %></dd>
<dt>Offer</dt><dd><a href="/ops/offers/<%= encodeURIComponent(postback.offer_id) %>"><%= postback.offer_id %></a></dd>
<dt>Payout</dt><dd><%~ it.show.money(postback.payout.amount, postback.payout.currency) %></dd>
<% if (postback.reason) { %><dt>Reason</dt><dd><%= postback.reason %></dd><% } %>
<dt>Status recorded</dt><dd><%~ it.show.exactTime(postback.event_at) %></dd>
<% if (postback.superseded_by) { %><dt>Superseded by</dt><dd><%~ it.show.id(postback.superseded_by.postback_id, '/ops/postbacks/' + encodeURIComponent(postback.superseded_by.postback_id)) %> <%~ it.show.state(postback.superseded_by.status) %></dd><% } %>
</dl>
<% if (it.mayRedeliver) { %>
<form method="post" action="/ops/postbacks/<%= encodeURIComponent(postback.postback_id) %>/redeliver" class="send-again">
<%~ it.show.formToken() %>
<p class="soft small">One more attempt is made, by the partner's settings as they are now. What the partner has booked by it does not change.</p>
<button>Redeliver</button>
</form>
<% } %>
<% if (it.refusal !== null) { %><p class="soft small">It cannot be redelivered: <%= it.refusal %>.</p><% } %>
</section>
${ATTEMPTS_PART}
</div>
`,
);

export function sendPostback(res: Response, status: number, data: PostbackData): void {
  sendPage(res, { title: `Postback ${data.postback.postback_id}`, status }, { ...data, texts: attemptTexts });
}
