import type { OriginHealth } from '../../../db/endpoints/endpoints.ts';
import type { Partner } from '../../../db/partners.ts';
import { catalogueFilters } from '../catalogue-list.ts';
import { listTemplate, type ListPage } from '../list-page.ts';
import { definePage, type mayOf } from '../ops-page.ts';

type May = ReturnType<typeof mayOf>;

/** What can be typed of a partner. */
export type PartnerForm = { name: string; partner_id: string; url: string; method: string };

export const sendPartnerList = definePage<ListPage<Partner> & { may: May }>(
  'partners',
  listTemplate({
    title: 'Partners',
    path: '/ops/partners',
    beside: `<% if (it.may.admin) { %><a class="button" href="/ops/partners/new">New partner</a><% } %>`,
    filters: catalogueFilters,
    columns: [
      {
        label: 'Partner',
        cell: `<a href="/ops/partners/<%= encodeURIComponent(row.partner_id) %>"><%= row.name %></a>`,
        look: 'head',
      },
      { label: 'Id', cell: `<%~ it.show.id(row.partner_id) %>` },
      { label: 'State', cell: `<%~ it.show.state(row.state) %>` },
      {
        label: 'Postbacks',
        cell: `<% if (row.postback) { %><%= row.postback.method %><% } else { %><span class="soft">no URL</span><% } %>`,
      },
      { label: 'Since', cell: `<%~ it.show.time(row.created_at) %>` },
    ],
    order: 'listed',
    nothing: {
      fits: 'No partner is like this.',
      yet: {
        title: 'No partners yet',
        text: 'A partner gets a referral link, and a key for its console.',
        action: `it.may.admin ? { label: 'Make the first one', href: '/ops/partners/new' } : undefined`,
      },
    },
  }),
);

const FIELDS = `
<%~ it.show.field({ name: 'name', label: 'Name', value: it.form.name, error: it.errors.name, attributes: { required: '', maxlength: '120' } }) %>`;

const POSTBACK_FIELDS = `
<%~ it.show.field({ name: 'url', label: 'Postback URL', rows: 3, value: it.form.url, error: it.errors.url, help: 'With macros such as {ref_id} and {status}. Empty: it gets no postbacks. The partner changes it itself in its console.', attributes: { maxlength: '2048', spellcheck: 'false' } }) %>
<%~ it.show.select({ name: 'method', label: 'Method', value: it.form.method, error: it.errors.method, options: [{ value: 'GET', label: 'GET' }, { value: 'POST', label: 'POST' }] }) %>`;

export const sendNewPartner = definePage<{ form: PartnerForm; errors: Record<string, string> }>(
  'partners',
  `
<p class="small"><a href="/ops/partners">Partners</a></p>
<div class="head"><h1>New partner</h1></div>
<section class="card">
<form method="post" action="/ops/partners">
<%~ it.show.formToken() %>
${FIELDS}
<%~ it.show.field({ name: 'partner_id', label: 'Id', value: it.form.partner_id, error: it.errors.partner_id, help: 'Stands in its links: 3 to 40 lower-case letters, digits, "-" or "_". Left empty, it gets one.', attributes: { maxlength: '40', spellcheck: 'false', autocomplete: 'off' } }) %>
${POSTBACK_FIELDS}
<div class="row"><button>Make the partner</button><a class="button plain" href="/ops/partners">Leave it</a></div>
</form>
</section>
`,
);

type PartnerData = {
  partner: Partner;
  referralUrl: string;
  endpoints: OriginHealth[];
  warnings: string[];
  form: PartnerForm;
  errors: Record<string, string>;
  may: May;
};

export const sendPartner = definePage<PartnerData>(
  'partners',
  `
<% const partner = it.partner; const address = '/ops/partners/' + encodeURIComponent(partner.partner_id); const asked = encodeURIComponent(partner.partner_id); %>
<p class="small"><a href="/ops/partners">Partners</a></p>
<div class="head"><h1><%= partner.name %></h1><div class="row"><%~ it.show.state(partner.state) %>
<% if (it.may.admin) { %><% if (partner.state === 'active') { %><a class="button plain" href="<%= address %>/pause">Pause</a><% } else { %><%~ it.show.action({ label: 'Make it active', post: address + '/state', fields: { state: 'active' } }, 'plain') %><% } %><a class="button plain" href="<%= address %>/key">New key</a><% } %></div></div>
<nav class="row subject-links" aria-label="Of this partner"><a href="/ops/leads?partner_id=<%= asked %>">Leads it holds</a><a href="/ops/conversions?partner_id=<%= asked %>">Conversions</a><a href="/ops/postbacks?partner_id=<%= asked %>">Postbacks</a><a href="<%= address %>/ledger">Ledger</a><a href="/ops/audit?subject_id=<%= asked %>">Changes</a></nav>
<% if (it.warnings.length > 0) { %><div class="message message-busy"><div><p><strong>Its console warns the partner</strong></p><ul class="plain-list"><% for (const warning of it.warnings) { %><li><%~ it.show.prose(warning.charAt(0).toUpperCase() + warning.slice(1)) %>.</li><% } %></ul></div></div><% } %>
<div class="split">
<section class="card">
<h2>Facts</h2>
<dl class="facts">
<dt>Id</dt><dd><%~ it.show.id(partner.partner_id) %></dd>
<dt>Link</dt><dd><code><%= it.referralUrl %></code><%~ it.show.copy(it.referralUrl, 'its referral link') %></dd>
<dt>Key</dt><dd>begins with <code><%= partner.api_key_prefix %></code></dd>
<dt>Since</dt><dd><%~ it.show.exactTime(partner.created_at) %></dd>
<dt>Changed</dt><dd><%~ it.show.exactTime(partner.updated_at) %></dd>
</dl>
</section>
<section class="card">
<h2>Endpoints</h2>
<% for (const { origin, health } of it.endpoints) { %>
<p class="row"><%~ it.show.state(health.state) %> <code class="wrap"><%= origin %></code> <% if (health.failing_since) { %><span class="soft small"><%= health.consecutive_failures %> failures in a row since <%~ it.show.time(health.failing_since) %></span><% } else if (health.last_success_at) { %><span class="soft small">last success <%~ it.show.time(health.last_success_at) %></span><% } %></p>
<% } %>
<% if (it.endpoints.length === 0) { %><p class="soft">Nothing was sent to it yet<% if (!partner.postback) { %>: it has no postback URL<% } %>.</p><% } %>
</section>
</div>
<section class="card">
<h2><% if (it.may.admin) { %>Change<% } else { %>Settings<% } %></h2>
<% if (it.may.admin) { %>
<form method="post" action="<%= address %>">
<%~ it.show.formToken() %>
${FIELDS}
${POSTBACK_FIELDS}
<button>Save</button>
</form>
<% } %>
<% if (partner.postback) { %><details><summary>All its postback settings</summary><pre tabindex="0" aria-label="Postback settings"><%= JSON.stringify(partner.postback, null, 2) %></pre></details><% } else if (!it.may.admin) { %><p class="soft">It has no postback URL.</p><% } %>
</section>
`,
);
