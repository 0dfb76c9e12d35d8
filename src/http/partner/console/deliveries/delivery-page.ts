import type { Response } from 'express';
import type { viewPartnerPostback } from '../../../../stories/partner-postback.ts';
import { definePage } from '../console-page.ts';
import { ATTEMPTS_PART, attemptTexts } from '../../../console/attempts-part.ts';

type Told = ReturnType<typeof viewPartnerPostback>;

export type DeliveryData = {
  postback: Told;
  offerName: string | undefined;
  /** Why it is as it is, in a sentence; what its texts quote is hostile. */
  explanation: string;
  /** Where the rule behind its state is told. */
  rule: string;
  /** What became of a redelivery. */
  again: { tone: 'good' | 'bad' | 'busy'; text: string } | undefined;
  /** What a press of the button would do; undefined when it cannot be redelivered. */
  redelivery: string | undefined;
  /** Why it cannot be redelivered, as part of a sentence; null where it can, or where its explanation says so. */
  refusal: string | null;
  /** Its part of the page is asked for anew until it has ended. */
  isMoving: boolean;
  address: string;
};

const sendPage = definePage<DeliveryData & { texts: typeof attemptTexts }>(
  'deliveries',
  `
<p><a href="/console/deliveries">Deliveries</a></p>
<div id="delivery"<% if (it.isMoving) { %> hx-get="<%= it.address %>" hx-trigger="every 2s" hx-select="#delivery" hx-swap="outerHTML"<% } %>>
<% const postback = it.postback; %>
<div class="head"><h1>Postback <%~ it.show.id(postback.postback_id) %></h1><span class="row"><%~ it.show.state(postback.status) %> <%~ it.show.state(postback.state) %></span></div>
<% if (it.again) { %><%~ it.show.notice({ ...it.again, role: 'status' }) %><% } %>
<section class="card">
<p class="told"><%= it.explanation %><% if (postback.state === 'retrying' && postback.next_attempt_at) { %> The next attempt is made <strong><%~ it.show.countdown(postback.next_attempt_at) %></strong>.<% } %> <a href="/docs#<%= it.rule %>">Why</a></p>
<% for (const warning of postback.warnings) { %><%~ it.show.notice({ tone: 'bad', title: 'Your endpoint answered 200, but seems to have refused it', text: warning.message }) %><% } %>
<dl class="facts">
<dt>Conversion</dt><dd><%~ it.show.id(postback.conversion_id, '/console/conversions/' + encodeURIComponent(postback.conversion_id)) %></dd>
<dt>ref_id</dt><dd><% if (postback.ref_id !== null) { %><%~ it.show.id(postback.ref_id) %><% } else { %><span class="soft">none</span><% } %></dd>
<dt>Offer</dt><dd><% if (it.offerName) { %><%= it.offerName %> <% } %><span class="soft"><%~ it.show.id(postback.offer_id) %></span></dd>
<dt>Payout</dt><dd><%~ it.show.money(postback.payout.amount, postback.payout.currency) %></dd>
<% if (postback.reason) { %><dt>Reason</dt><dd><%= postback.reason %></dd><% } %>
<dt>Status recorded</dt><dd><%~ it.show.exactTime(postback.event_at) %></dd>
<% if (postback.superseded_by) { %><dt>Superseded by</dt><dd><%~ it.show.id(postback.superseded_by.postback_id, '/console/deliveries/' + encodeURIComponent(postback.superseded_by.postback_id)) %> <%~ it.show.state(postback.superseded_by.status) %></dd><% } %>
</dl>
<% if (it.redelivery) { %>
<form method="post" action="/console/deliveries/<%= encodeURIComponent(postback.postback_id) %>/redeliver" class="send-again">
<%~ it.show.formToken() %>
<p class="soft small"><%= it.redelivery %></p>
<button>Redeliver</button>
</form>
<% } %>
<% if (it.refusal !== null) { %><p class="soft small">It cannot be redelivered: <%= it.refusal %>.</p><% } %>
</section>
${ATTEMPTS_PART}
</div>
`,
);

export function sendDelivery(res: Response, status: number, data: DeliveryData): void {
  sendPage(res, { title: `Postback ${data.postback.postback_id}`, status }, { ...data, texts: attemptTexts });
}
