import type { Advertiser } from '../../../db/advertisers.ts';
import type { PullStanding } from '../../../db/pulls/pull-reports.ts';
import type { Offer } from '../../../db/offers.ts';
import { catalogueFilters } from '../catalogue-list.ts';
import { listTemplate, type ListPage } from '../list-page.ts';
import { definePage, type mayOf } from '../ops-page.ts';

type May = ReturnType<typeof mayOf>;

/** What can be typed of an advertiser. */
export type AdvertiserForm = { name: string; advertiser_id: string };

export const sendAdvertiserList = definePage<ListPage<Advertiser> & { may: May }>(
  'advertisers',
  listTemplate({
    title: 'Advertisers',
    path: '/ops/advertisers',
    beside: `<% if (it.may.admin) { %><a class="button" href="/ops/advertisers/new">New advertiser</a><% } %>`,
    filters: catalogueFilters,
    columns: [
      {
        label: 'Advertiser',
        cell: `<a href="/ops/advertisers/<%= encodeURIComponent(row.advertiser_id) %>"><%= row.name %></a>`,
        look: 'head',
      },
      { label: 'Id', cell: `<%~ it.show.id(row.advertiser_id) %>` },
      { label: 'State', cell: `<%~ it.show.state(row.state) %>` },
      { label: 'Since', cell: `<%~ it.show.time(row.created_at) %>` },
    ],
    order: 'listed',
    nothing: {
      fits: 'No advertiser is like this.',
      yet: {
        title: 'No advertisers yet',
        text: 'An advertiser gets an address for its status calls, and a token that goes with them.',
        action: `it.may.admin ? { label: 'Make the first one', href: '/ops/advertisers/new' } : undefined`,
      },
    },
  }),
);

const NAME_FIELD = `
<%~ it.show.field({ name: 'name', label: 'Name', value: it.form.name, error: it.errors.name, help: 'Visitors see it on the offer wall.', attributes: { required: '', maxlength: '120' } }) %>`;

export const sendNewAdvertiser = definePage<{ form: AdvertiserForm; errors: Record<string, string> }>(
  'advertisers',
  `
<p class="small"><a href="/ops/advertisers">Advertisers</a></p>
<div class="head"><h1>New advertiser</h1></div>
<section class="card">
<form method="post" action="/ops/advertisers">
<%~ it.show.formToken() %>
${NAME_FIELD}
<%~ it.show.field({ name: 'advertiser_id', label: 'Id', value: it.form.advertiser_id, error: it.errors.advertiser_id, help: 'Stands in the address of its status calls: 3 to 40 lower-case letters, digits, "-" or "_". Left empty, it is made of the name.', attributes: { maxlength: '40', spellcheck: 'false', autocomplete: 'off' } }) %>
<div class="row"><button>Make the advertiser</button><a class="button plain" href="/ops/advertisers">Leave it</a></div>
</form>
</section>
`,
);

type AdvertiserData = {
  advertiser: Advertiser;
  postbackUrl: string;
  /** A status call as it would make it. */
  example: string;
  offers: Offer[];
  /** Undefined where nothing is pulled. */
  pull: PullStanding | undefined;
  form: AdvertiserForm;
  errors: Record<string, string>;
  may: May;
};

export const sendAdvertiser = definePage<AdvertiserData>(
  'advertisers',
  `
<% const advertiser = it.advertiser; const address = '/ops/advertisers/' + encodeURIComponent(advertiser.advertiser_id); const asked = encodeURIComponent(advertiser.advertiser_id); %>
<p class="small"><a href="/ops/advertisers">Advertisers</a></p>
<div class="head"><h1><%= advertiser.name %></h1><div class="row"><%~ it.show.state(advertiser.state) %>
<% if (it.may.admin) { %><% if (advertiser.state === 'active') { %><a class="button plain" href="<%= address %>/pause">Pause</a><% } else { %><%~ it.show.action({ label: 'Make it active', post: address + '/state', fields: { state: 'active' } }, 'plain') %><% } %><a class="button plain" href="<%= address %>/token">New token</a><% } %></div></div>
<nav class="row subject-links" aria-label="Of this advertiser"><a href="/ops/conversions?advertiser_id=<%= asked %>">Conversions</a><a href="/ops/conversions?advertiser_id=<%= asked %>&amp;status=none">Without an answer</a><a href="<%= address %>/vocabulary">Words and parameters</a><a href="/ops/inbound?advertiser_id=<%= asked %>">Inbound log</a><a href="/ops/imports?advertiser_id=<%= asked %>">Imports</a><a href="<%= address %>/pull">Pull</a><a href="/ops/audit?subject_id=<%= asked %>">Changes</a></nav>
<% if (it.pull?.failing_since) { %>
<%~ it.show.notice({ tone: 'bad', title: 'Its pull fails', text: 'Its export has not come since ' + it.pull.failing_since + '.', actions: [{ label: 'Look at it', href: address + '/pull' }] }) %>
<% } else if (it.pull?.is_overdue) { %>
<%~ it.show.notice({ tone: 'bad', title: 'Nothing is pulled', text: 'No pull of its export has begun for long, although it should.', actions: [{ label: 'Look at it', href: address + '/pull' }] }) %>
<% } %>
<section class="card">
<h2>Facts</h2>
<dl class="facts">
<dt>Id</dt><dd><%~ it.show.id(advertiser.advertiser_id) %></dd>
<dt>Since</dt><dd><%~ it.show.exactTime(advertiser.created_at) %></dd>
<dt>Changed</dt><dd><%~ it.show.exactTime(advertiser.updated_at) %></dd>
</dl>
</section>
<section class="card">
<h2>How it reports</h2>
<% const { proofs, vocabulary } = advertiser; const words = Object.entries(vocabulary?.words ?? {}); const names = Object.entries(vocabulary?.parameters ?? {}); %>
<dl class="facts">
<dt>Status calls go to</dt><dd><code><%= it.postbackUrl %></code><%~ it.show.copy(it.postbackUrl, 'the address of its status calls') %></dd>
<dt>Such a call</dt><dd><code><%= it.example %></code><%~ it.show.copy(it.example, 'an example of its calls') %><br><span class="soft small">CONVERSION_ID is what we put into the link of the visitor<% if (proofs.token) { %>, TOKEN its token<% } %>.</span></dd>
<dt>Its words</dt><dd><% if (words.length === 0) { %>ours: pending, approved, rejected<% } %><% for (const [index, [word, meaning]] of words.entries()) { %><% if (index > 0) { %>, <% } %><code><%= word %></code> <%= meaning === 'ignore' ? 'is ignored' : 'means ' + meaning %><% } %><% if (vocabulary?.default_status) { %>; a call without a word means <%= vocabulary.default_status %><% } %>. <a href="<%= address %>/vocabulary"><% if (it.may.admin) { %>Change them<% } else { %>All of them<% } %></a></dd>
<% if (names.length > 0) { %><dt>Its names</dt><dd><% for (const [index, [field, name]] of names.entries()) { %><% if (index > 0) { %>, <% } %><code><%= name %></code> is the <%= field %><% } %></dd><% } %>
<dt>Proof of origin</dt><dd><%= [...(proofs.token ? ['its token'] : []), ...(proofs.signature ? ['a signature'] : []), ...(proofs.addresses ? ['its addresses: ' + proofs.addresses.join(', ')] : [])].join(', ') %>. <a href="<%= address %>/proofs"><% if (it.may.admin) { %>Change it<% } else { %>More<% } %></a></dd>
<dt>Token</dt><dd>begins with <code><%= advertiser.token_prefix %></code><% if (advertiser.old_token_until && Date.parse(advertiser.old_token_until) > Date.now()) { %>; the one before it goes on until <%~ it.show.exactTime(advertiser.old_token_until) %><% } %></dd>
<dt>Files</dt><dd><% if (it.may.operate) { %>It reports in files? <a href="/ops/imports/new?advertiser_id=<%= asked %>">Import one</a>, or have its export <a href="<%= address %>/pull">pulled</a><% } else { %><a href="/ops/imports?advertiser_id=<%= asked %>">What was imported</a><% } %></dd>
</dl>
</section>
<section class="card">
<h2>Offers</h2>
<ul class="plain-list">
<% for (const offer of it.offers) { %>
<li class="row"><a href="/ops/offers/<%= encodeURIComponent(offer.offer_id) %>"><%= offer.name %></a> <%~ it.show.state(offer.state) %> <span class="soft"><%~ it.show.money(offer.reward.amount, offer.reward.currency) %></span></li>
<% } %>
</ul>
<% if (it.offers.length === 0) { %><p class="soft">None yet.</p><% } %>
<% if (it.may.admin) { %><p><a href="/ops/offers/new?advertiser_id=<%= asked %>">New offer</a></p><% } %>
</section>
<% if (it.may.admin) { %>
<section class="card">
<h2>Change</h2>
<form method="post" action="<%= address %>">
<%~ it.show.formToken() %>
${NAME_FIELD}
<button>Save</button>
</form>
</section>
<% } %>
`,
);
