import type { Action } from '../../../pages/console/parts.ts';
import type { Tone } from '../../../pages/console/states.ts';
import { definePage } from '../console-page.ts';
import type { ShownFigures } from './figures.ts';
import type { LinkBuilder } from './link-builder.ts';
import type { OverviewQuery } from './overview-query.ts';

export type Advice = { tone: Tone; title?: string; text: string; actions: Action[] };

export type OverviewData = {
  query: OverviewQuery;
  zones: { value: string; label: string }[];
  ranges: { name: string; href: string }[];
  partnerId: string;
  referralUrl: string;
  advice: Advice[];
  /** Or why they cannot be had now. */
  figures: ShownFigures | { missing: string };
  links: LinkBuilder;
  /** The addresses of the figures as files. */
  files: { day: string; offer: string };
};

const FIGURE_HEADS = ['Conversions', 'Pending', 'Approved', 'Rejected', 'Reward'];
const heads = (first: string[]) =>
  [...first, ...FIGURE_HEADS]
    .map((head, index) => `<th scope="col"${index === 0 ? '' : ' class="number"'}>${head}</th>`)
    .join('');
const cells = (counts: string[]) => `
<th scope="row" class="wrap"><%= row.name %></th>
<% for (const [index, count] of row.counts.entries()) { %><td class="number" data-label="<%= ${JSON.stringify(counts).replaceAll('"', "'")}[index] %>"><%= count %></td><% } %>
<td class="number" data-label="Reward"><% for (const { amount, currency } of row.reward) { %><div><%~ it.show.money(amount, currency) %></div><% } %><% if (row.reward.length === 0) { %><span class="soft">–</span><% } %></td>`;
const ofDay = cells(['Touches', ...FIGURE_HEADS]);
const ofOffer = cells(FIGURE_HEADS);

export const sendOverview = definePage<OverviewData>(
  'overview',
  `
<div class="head">
<h1>Overview</h1>
<form class="row range" method="get" action="/console" hx-get="/console" hx-trigger="change, submit" hx-target="#main" hx-select="#main" hx-swap="outerHTML" hx-push-url="true">
<% if (it.query.show) { %><input type="hidden" name="show" value="<%= it.query.show %>"><% } %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.query.from, error: it.query.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.query.to, error: it.query.errors.to }) %>
<%~ it.show.select({ name: 'time_zone', label: 'Time zone', value: it.query.timeZone, error: it.query.errors.time_zone, options: it.zones }) %>
<button class="plain">Show</button>
</form>
<p class="small">Last <% for (const [index, range] of it.ranges.entries()) { %><%= index === 0 ? '' : ', ' %><a href="<%= range.href %>"><%= range.name %></a><% } %></p>
</div>
<p class="row own">
<span>Your partner_id <code><%= it.partnerId %></code><%~ it.show.copy(it.partnerId, 'your partner_id') %></span>
<span>Your link <code><%= it.referralUrl %></code><%~ it.show.copy(it.referralUrl, 'your referral link') %></span>
</p>
<% const figures = 'missing' in it.figures ? undefined : it.figures; %>
<% if (figures) { %>
<nav class="tiles" aria-label="What the chart shows">
<% for (const tile of figures.tiles) { %>
<a href="<%= tile.href %>" id="tile-<%= tile.measure %>"<% if (tile.isShown) { %> aria-current="true"<% } %> hx-get="<%= tile.href %>" hx-target="#main" hx-select="#main" hx-swap="outerHTML" hx-push-url="true"><span><%= tile.name %></span><% if (tile.count) { %><strong><%= tile.count %></strong><% } %><% for (const { amount, currency } of tile.reward) { %><strong><%~ it.show.money(amount, currency) %></strong><% } %></a>
<% } %>
</nav>
<% } else { %>
<%~ it.show.notice({ tone: 'busy', title: 'Your figures are missing for the moment', text: it.figures.missing, role: 'status' }) %>
<% } %>
<% for (const advice of it.advice) { %>
<%~ it.show.notice(advice) %>
<% } %>
<% if (figures && figures.hasAny) { %>
<% for (const chart of figures.charts) { %>
<figure class="card"><figcaption class="small soft"><%= chart.caption %></figcaption><%~ chart.svg %></figure>
<% } %>
<% if (figures.charts.length === 0) { %>
<%~ it.show.nothing({ title: 'No rewards in these days', text: 'A reward is booked when an advertiser approves a conversion that you hold.' }) %>
<% } %>
<details class="days"><summary>Day by day</summary>
<div class="table" tabindex="0" role="region" aria-label="Figures by day">
<table>
<thead><tr>${heads(['Day', 'Touches'])}</tr></thead>
<tbody>
<% for (const row of figures.days) { %>
<tr>${ofDay}</tr>
<% } %>
</tbody>
<tfoot><% for (const row of [figures.totals]) { %><tr>${ofDay}</tr><% } %></tfoot>
</table>
</div>
<p class="small"><a href="<%= it.files.day %>">Download CSV<span class="unseen"> by day</span></a></p>
</details>
<section>
<h2>By offer</h2>
<% if (figures.offers.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Figures by offer">
<table class="cards">
<thead><tr>${heads(['Offer'])}</tr></thead>
<tbody>
<% for (const row of figures.offers) { %>
<tr>${ofOffer}</tr>
<% } %>
</tbody>
</table>
</div>
<p class="small"><a href="<%= it.files.offer %>">Download CSV<span class="unseen"> by offer</span></a></p>
<% } else { %>
<p class="soft">No visitor has gone on to an offer in these days.</p>
<% } %>
</section>
<% } else if (figures) { %>
<%~ it.show.nothing({ title: 'No visits in these days', text: 'Send people to your link below. Each visit appears here within a second.' }) %>
<% } %>
<section class="card" id="link">
<h2>Build your link</h2>
<p>A <code>ref_id</code> is your own id of the visit. With it you get postbacks: your tracker fills it in when you give it the tracker's macro.</p>
<form class="pair" method="get" action="/console#link" hx-get="/console" hx-trigger="change, submit" hx-target="#built" hx-select="#built" hx-swap="outerHTML">
<%~ it.show.select({ name: 'tracker', label: 'Your tracker', value: it.links.tracker, options: it.links.trackers }) %>
<button class="plain">Build</button>
</form>
<div id="built">
<pre><%= it.links.link %></pre>
<p class="row"><%~ it.show.copy(it.links.link, 'the built link', 'Copy the link') %></p>
<p class="soft small"><%= it.links.note %> To go straight to an offer, add <code>&amp;offer_id=</code> and its id.</p>
</div>
</section>
`,
);
