import type { Response } from 'express';
import type { Offer } from '../../../db/offers.ts';
import type { OfferCapRecord } from '../../../db/prices/offer-caps.ts';
import type { PriceListRecord } from '../../../db/prices/price-lists.ts';
import type { PriceStanding } from '../../../db/prices/price-standing.ts';
import { tellCap } from '../../../stories/price-words.ts';
import { writeCount } from '../../pages/console/write-numbers.ts';
import { definePage, type mayOf } from '../ops-page.ts';
import { tellCounted, tellCounting, tellTiers } from './price-text.ts';

/** What can be typed of a cap. */
export type CapForm = Record<'day' | 'total' | 'time_zone' | 'beyond', string>;

type OfferPricesData = {
  offer: Offer;
  lists: PriceListRecord[];
  standing: PriceStanding;
  cap: OfferCapRecord | null;
  form: CapForm;
  errors: Record<string, string>;
  may: ReturnType<typeof mayOf>;
};

const texts = { tellCap, tellCounted, tellCounting, tellTiers, writeCount };
const beyondOptions = [
  { value: 'pay_nothing', label: 'approve them, pay nothing' },
  { value: 'close_offer', label: 'close the offer; still pay for what was clicked before' },
];

const NOW_PART = `
<section class="card" aria-labelledby="now-title">
<h2 id="now-title">Now</h2>
<% if (standing.isUnpaid) { %><p>The next approved conversion brings <strong><%~ it.show.money(0, it.offer.reward.currency) %></strong>, because the cap is used up.</p><% } %>
<% if (list) { %>
<p><% if (standing.isUnpaid) { %>It would bring<% } else { %>The next approved conversion brings<% } %> <strong><%~ it.show.money(standing.tier.amount, list.currency) %></strong>, because <%= it.texts.tellCounted(standing.counted, list, standing.periodStart) %>.</p>
<table class="tiers">
<thead><tr><th scope="col">Approved before it</th><th scope="col" class="number">Price</th></tr></thead>
<tbody>
<% for (const tier of list.tiers) { const isNow = tier.from === standing.tier.from; %>
<tr<% if (isNow) { %> aria-current="true"<% } %>><th scope="row">from <%= it.texts.writeCount(tier.from) %><% if (isNow) { %> <%~ it.show.state('current') %><% } %></th><td class="number"><%~ it.show.money(tier.amount, list.currency) %></td></tr>
<% } %>
</tbody>
</table>
<p class="soft small">Version <%= list.version %>, since <%~ it.show.exactTime(list.effectiveFrom) %>. What has been approved keeps its price.</p>
<% } else { %>
<p>Each approved conversion <% if (standing.isUnpaid) { %>would bring<% } else { %>brings<% } %> the offer's reward, <strong><%~ it.show.money(it.offer.reward.amount, it.offer.reward.currency) %></strong>. No price list applies.</p>
<% } %>
</section>`;

const CAP_PART = `
<section class="card" aria-labelledby="cap-title" id="cap">
<h2 id="cap-title">Cap</h2>
<% if (it.cap) { %>
<% if (it.cap.closedAt) { %><%~ it.show.notice({ tone: 'bad', title: 'The offer is closed', text: 'Since ' + it.cap.closedAt + ', ' + (it.cap.closedUntil ? 'until ' + it.cap.closedUntil : 'until its cap is changed') + '. Visitors do not see it.' }) %><% } else if (it.cap.reached) { %><%~ it.show.notice({ tone: 'busy', title: 'The cap is used up', text: 'What is approved now brings nobody anything.' }) %><% } %>
<p><%= it.texts.tellCap(it.cap) %></p>
<% } else { %>
<p class="soft">None: the offer takes as many conversions as come.</p>
<% } %>
<% if (it.may.admin) { %>
<form method="post" action="<%= address %>/cap">
<%~ it.show.formToken() %>
<div class="fields">
<%~ it.show.field({ name: 'day', label: 'At most a day', value: it.form.day, error: it.errors.day, attributes: { inputmode: 'numeric', maxlength: '10', autocomplete: 'off' } }) %>
<%~ it.show.field({ name: 'total', label: 'At most in all', value: it.form.total, error: it.errors.total, attributes: { inputmode: 'numeric', maxlength: '10', autocomplete: 'off' } }) %>
</div>
<%~ it.show.field({ name: 'time_zone', label: 'Days begin in', value: it.form.time_zone, error: it.errors.time_zone, help: 'A time zone, such as Europe/Berlin.', attributes: { maxlength: '64', autocomplete: 'off', spellcheck: 'false' } }) %>
<%~ it.show.select({ name: 'beyond', label: 'Those beyond', value: it.form.beyond, error: it.errors.beyond, options: it.beyondOptions }) %>
<div class="row"><button>Save the cap</button></div>
</form>
<% if (it.cap) { %><p></p><%~ it.show.action({ label: 'Remove the cap', post: address + '/cap/remove' }, 'danger') %><% } %>
<% } %>
</section>`;

const sendPage = definePage<OfferPricesData & { texts: typeof texts; beyondOptions: typeof beyondOptions }>(
  'prices',
  `
<% const { standing } = it; const { list } = standing; const address = '/ops/prices/' + encodeURIComponent(it.offer.offer_id); %>
<p class="small"><a href="/ops/prices">All prices</a></p>
<div class="head"><h1>Prices of <%= it.offer.name %></h1>
<div class="row"><% if (it.may.operate) { %><a class="button" href="<%= address %>/new">Draft a price list</a><% } %></div>
<p><%~ it.show.id(it.offer.offer_id) %> <a class="small" href="/ops/offers/<%= encodeURIComponent(it.offer.offer_id) %>">The offer</a></p></div>
<div class="split">
${NOW_PART}
${CAP_PART}
</div>
<section>
<h2>All versions</h2>
<% if (it.lists.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Price lists">
<table class="cards">
<thead><tr><th scope="col">Version</th><th scope="col">State</th><th scope="col">From</th><th scope="col">Prices, in <%= it.offer.reward.currency %></th><th scope="col">Counts what is approved</th></tr></thead>
<tbody>
<% for (const row of it.lists) { %>
<tr>
<th scope="row">Version <%= row.version %><% if (row.partner_id) { %> <span class="small">for <a href="/ops/partners/<%= encodeURIComponent(row.partner_id) %>"><%= row.partner_id %></a></span><% } else { %> <span class="soft small">for all</span><% } %></th>
<td data-label="State"><%~ it.show.state(row.state) %></td>
<td data-label="From"><%~ it.show.exactTime(row.effective_from) %></td>
<td data-label="Prices" class="wrap"><%= it.texts.tellTiers(row.tiers, row.currency) %></td>
<td data-label="Counts what is approved" class="wrap"><%= it.texts.tellCounting(row.counts, row.period, row.time_zone) %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<p class="soft small">A list is never changed. A later one takes its place; one that begins at the same moment as an earlier version supersedes it.</p>
<% } else { %>
<%~ it.show.nothing({ title: 'No price list yet', text: 'With a list the price follows how many conversions were approved before. A draft shows first what the last 30 days would have cost.', ...(it.may.operate ? { action: { label: 'Draft the first one', href: address + '/new' } } : {}) }) %>
<% } %>
</section>
`,
);

/** An offer's price lists and its cap. */
export function sendOfferPrices(res: Response, status: number, data: OfferPricesData): void {
  sendPage(res, { title: `Prices of ${data.offer.name}`, status }, { ...data, texts, beyondOptions });
}
