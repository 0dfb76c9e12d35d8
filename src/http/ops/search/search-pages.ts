import type { Router } from 'express';
import type { Knex } from 'knex';
import { findById, findByName, MOST_FOUND, type Found } from '../../../db/reports/find-by-id.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import { advertiserAt, callAt, conversionAt, importAt, leadAt, offerAt, partnerAt, postbackAt } from '../addresses.ts';
import { definePage } from '../ops-page.ts';

type Shown = Found & { what: string; href: string };

// Longer than any id, with room for what is copied along with one.
const MAX_LENGTH = 400;

const KINDS: Readonly<Record<Found['kind'], { what: string; hrefOf: (id: string) => string }>> = {
  lead: { what: 'Lead', hrefOf: leadAt },
  conversion: { what: 'Conversion', hrefOf: conversionAt },
  postback: { what: 'Postback', hrefOf: postbackAt },
  partner: { what: 'Partner', hrefOf: partnerAt },
  advertiser: { what: 'Advertiser', hrefOf: advertiserAt },
  offer: { what: 'Offer', hrefOf: offerAt },
  import: { what: 'Import', hrefOf: importAt },
  status_call: { what: 'Status call', hrefOf: callAt },
  transaction: { what: 'Transaction, of conversion', hrefOf: conversionAt },
  ref_id: { what: 'ref_id, of lead', hrefOf: leadAt },
};

const sendResults = definePage<{ q: string; found: Shown[]; hasMore: boolean }>(
  undefined,
  `
<div class="head"><h1><% if (it.q === '') { %>Find any id or name<% } else { %>“<%= it.q %>”<% } %></h1></div>
<form method="get" action="/ops/search" class="pair">
<%~ it.show.field({ name: 'q', label: 'Id or name', type: 'search', value: it.q, attributes: { maxlength: '400', autocomplete: 'off', spellcheck: 'false', autofocus: '' } }) %>
<button>Find</button>
</form>
<p class="soft small">The whole id of a lead, conversion, ref_id, postback, partner, advertiser, offer, transaction_id, status call or import; or part of a name of a partner, advertiser or offer.</p>
<% if (it.found.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="What was found">
<table class="cards">
<thead><tr><th scope="col">What</th><th scope="col">Id</th><th scope="col">Of</th><th scope="col">Since</th></tr></thead>
<tbody>
<% for (const each of it.found) { %>
<tr>
<td data-label="What"><%= each.what %></td>
<td data-label="Id"><%~ it.show.id(each.id, each.href) %></td>
<td data-label="Of" class="wrap"><%= each.name ?? '' %></td>
<td data-label="Since"><%~ it.show.time(each.at) %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% if (it.hasMore) { %><p>There may be more leads with this ref_id: <a href="/ops/leads?ref_id=<%= encodeURIComponent(it.q) %>">list them all</a>.</p><% } %>
<% } else if (it.q !== '') { %>
<%~ it.show.nothing({ title: 'Nothing has this id or name', text: 'Ids are looked for whole, and letters large or small count. Was all of it copied, and nothing before or after it?' }) %>
<% } %>
`,
);

/** One field for any id, and for names where no id fits: what is found alone is shown at once. */
export function addSearchPages(routes: Router, { db }: { db: Knex }): void {
  routes.get('/search', async (req, res) => {
    const q = (firstOf(readQuery(req.url).q) ?? '').trim().slice(0, MAX_LENGTH);
    const isAsked = q !== '' && canBeStored(q);
    const byId = isAsked ? await findById(db, q) : [];
    const found = (byId.length === 0 && isAsked ? await findByName(db, q) : byId).map(show);
    const places = [...new Set(found.map(({ href }) => href))];
    const [only] = places;
    if (places.length === 1 && only !== undefined) return res.redirect(303, only);
    const hasMore = found.filter(({ kind }) => kind === 'ref_id').length === MOST_FOUND;
    sendResults(res, { title: q === '' ? 'Search' : q, status: 200 }, { q, found, hasMore });
  });
}

function show(found: Found): Shown {
  const { what, hrefOf } = KINDS[found.kind];
  return { ...found, what, href: hrefOf(found.id) };
}

/** Postgres takes no NUL in a text, and UTF-8 no half of a pair: nothing has such an id. */
function canBeStored(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
