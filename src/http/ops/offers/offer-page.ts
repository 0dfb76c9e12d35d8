import type { Offer } from '../../../db/offers.ts';
import type { PriceStanding } from '../../../db/prices/price-standing.ts';
import { catalogueFilters } from '../catalogue-list.ts';
import { NEXT_PRICE, NEXT_REASON, type nextPriceTexts } from '../prices/next-price-part.ts';
import { listTemplate, type ListPage } from '../list-page.ts';
import { definePage, type mayOf } from '../ops-page.ts';

type May = ReturnType<typeof mayOf>;

/** What can be typed of an offer; the amount in major units. */
export type OfferForm = Record<
  'advertiser_id' | 'offer_id' | 'name' | 'description' | 'url' | 'amount' | 'currency',
  string
>;

export const sendOfferList = definePage<ListPage<Offer> & { may: May }>(
  'offers',
  listTemplate({
    title: 'Offers',
    path: '/ops/offers',
    beside: `<% if (it.may.admin) { %><a class="button" href="/ops/offers/new">New offer</a><% } %>`,
    filters: catalogueFilters,
    columns: [
      {
        label: 'Offer',
        cell: `<a href="/ops/offers/<%= encodeURIComponent(row.offer_id) %>"><%= row.name %></a>`,
        look: 'head',
      },
      { label: 'Id', cell: `<%~ it.show.id(row.offer_id) %>` },
      {
        label: 'Advertiser',
        cell: `<a href="/ops/advertisers/<%= encodeURIComponent(row.advertiser_id) %>"><%= row.advertiser_id %></a>`,
        look: 'wrap',
      },
      { label: 'State', cell: `<%~ it.show.state(row.state) %>` },
      { label: 'Reward', cell: `<%~ it.show.money(row.reward.amount, row.reward.currency) %>`, look: 'number' },
      { label: 'Changed', cell: `<%~ it.show.time(row.updated_at) %>` },
    ],
    order: 'listed',
    nothing: {
      fits: 'No offer is like this.',
      yet: {
        title: 'No offers yet',
        text: 'An offer is what visitors can take up; it belongs to an advertiser.',
        action: `it.may.admin ? { label: 'Make the first one', href: '/ops/offers/new' } : undefined`,
      },
    },
  }),
);

const FIELDS = `
<%~ it.show.field({ name: 'name', label: 'Name', value: it.form.name, error: it.errors.name, attributes: { required: '', maxlength: '120' } }) %>
<%~ it.show.field({ name: 'description', label: 'Description', rows: 3, value: it.form.description, error: it.errors.description, help: 'Visitors see it on the offer wall.', attributes: { maxlength: '1000' } }) %>
<%~ it.show.field({ name: 'url', label: 'Where visitors are sent', rows: 2, value: it.form.url, error: it.errors.url, help: 'Must hold {conversion_id}: by it the advertiser says later what became of the visit.', attributes: { required: '', maxlength: '2048', spellcheck: 'false' } }) %>
<div class="pair">
<%~ it.show.field({ name: 'amount', label: 'Reward', value: it.form.amount, error: it.errors.amount, attributes: { required: '', inputmode: 'decimal', maxlength: '20', autocomplete: 'off' } }) %>
<%~ it.show.field({ name: 'currency', label: 'Currency', value: it.form.currency, error: it.errors.currency, attributes: { required: '', maxlength: '3', autocomplete: 'off', spellcheck: 'false' } }) %>
</div>
<p class="help soft small">For each approved conversion, as 12.50. Another reward counts for what is approved from now on; what has been approved keeps its price. While a price list applies, it counts instead.</p>`;

type NewOfferData = {
  form: OfferForm;
  errors: Record<string, string>;
  advertisers: { value: string; label: string }[];
};

export const sendNewOffer = definePage<NewOfferData>(
  'offers',
  `
<p class="small"><a href="/ops/offers">Offers</a></p>
<div class="head"><h1>New offer</h1></div>
<% if (it.advertisers.length === 0) { %>
<%~ it.show.nothing({ title: 'An advertiser first', text: 'An offer belongs to an advertiser, and there is none yet.', action: { label: 'Make an advertiser', href: '/ops/advertisers/new' } }) %>
<% } else { %>
<section class="card">
<form method="post" action="/ops/offers">
<%~ it.show.formToken() %>
<%~ it.show.select({ name: 'advertiser_id', label: 'Advertiser', value: it.form.advertiser_id, error: it.errors.advertiser_id, options: it.advertisers }) %>
${FIELDS}
<%~ it.show.field({ name: 'offer_id', label: 'Id', value: it.form.offer_id, error: it.errors.offer_id, help: 'Stands in direct links: 3 to 40 lower-case letters, digits, "-" or "_". Left empty, it is made of the name.', attributes: { maxlength: '40', spellcheck: 'false', autocomplete: 'off' } }) %>
<div class="row"><button>Make the offer</button><a class="button plain" href="/ops/offers">Leave it</a></div>
</form>
</section>
<% } %>
`,
);

type OfferData = {
  offer: Offer;
  standing: PriceStanding | undefined;
  texts: typeof nextPriceTexts;
  advertiserName: string;
  form: OfferForm;
  errors: Record<string, string>;
  may: May;
};

export const sendOffer = definePage<OfferData>(
  'offers',
  `
<% const { offer, standing } = it; const address = '/ops/offers/' + encodeURIComponent(offer.offer_id); const asked = encodeURIComponent(offer.offer_id); %>
<p class="small"><a href="/ops/offers">Offers</a></p>
<div class="head"><h1><%= offer.name %></h1><div class="row"><%~ it.show.state(offer.state) %>
<% if (it.may.admin) { %><% if (offer.state === 'active') { %><a class="button plain" href="<%= address %>/pause">Pause</a><% } else { %><%~ it.show.action({ label: 'Make it active', post: address + '/state', fields: { state: 'active' } }, 'plain') %><% } %><% } %></div></div>
<nav class="row subject-links" aria-label="Of this offer"><a href="/ops/conversions?offer_id=<%= asked %>">Conversions</a><a href="/ops/postbacks?offer_id=<%= asked %>">Postbacks</a><a href="/ops/prices/<%= asked %>">Prices and cap</a><a href="/ops/audit?subject_id=<%= asked %>">Changes</a></nav>
<section class="card">
<h2>Facts</h2>
<dl class="facts">
<dt>Id</dt><dd><%~ it.show.id(offer.offer_id) %></dd>
<dt>Advertiser</dt><dd><a href="/ops/advertisers/<%= encodeURIComponent(offer.advertiser_id) %>"><%= it.advertiserName %></a></dd>
<dt>Reward</dt><dd><%~ it.show.money(offer.reward.amount, offer.reward.currency) %> <span class="soft small">version <%= offer.price_version %><% if (standing?.list) { %>; a price list takes its place<% } %></span></dd>
<dt>The next one brings</dt><dd><strong>${NEXT_PRICE}</strong>: ${NEXT_REASON}. <a href="/ops/prices/<%= asked %>">Prices and cap</a></dd>
<dt>Leads to</dt><dd><code><%= offer.url %></code></dd>
<% if (offer.description) { %><dt>Description</dt><dd><%= offer.description %></dd><% } %>
<dt>Since</dt><dd><%~ it.show.exactTime(offer.created_at) %></dd>
<dt>Changed</dt><dd><%~ it.show.exactTime(offer.updated_at) %></dd>
</dl>
</section>
<% if (it.may.admin) { %>
<section class="card">
<h2>Change</h2>
<form method="post" action="<%= address %>">
<%~ it.show.formToken() %>
${FIELDS}
<button>Save</button>
</form>
</section>
<% } %>
`,
);
