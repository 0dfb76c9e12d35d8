import type { Router } from 'express';
import type { Knex } from 'knex';
import { z } from 'zod';
import { endpointStates, listEndpoints, placeOf, type PartnerEndpoint } from '../../../db/endpoints/endpoints.ts';
import { readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { partnerAt } from '../addresses.ts';
import { definePage } from '../ops-page.ts';

type EndpointData = {
  given: Record<string, string>;
  isFiltered: boolean;
  endpoints: PartnerEndpoint[];
  states: { value: string; label: string }[];
  partnerAt: (id: string) => string;
  tellAnswer: (canary: NonNullable<PartnerEndpoint['canary']>) => string;
  first: string | undefined;
  next: string | undefined;
};

const PAGE = 50;
// A partner's id and an origin.
const filters = z.strictObject({ state: z.enum(endpointStates).optional(), cursor: z.string().max(400).optional() });
const STATES = [{ value: '', label: 'any' }, ...endpointStates.map((state) => ({ value: state, label: state }))];

const sendEndpoints = definePage<EndpointData>(
  'endpoints',
  `
<div class="head"><h1>Endpoints</h1><p>How the partners' servers answer our postbacks. A failing one delays nobody else, but its partner hears nothing.</p></div>
<form method="get" action="/ops/endpoints" class="filters">
<%~ it.show.select({ name: 'state', label: 'State', value: it.given.state, options: it.states }) %>
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="/ops/endpoints">All</a><% } %></div>
</form>
<% if (it.endpoints.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Endpoints">
<table class="cards">
<thead><tr><th scope="col">Partner and origin</th><th scope="col">State</th><th scope="col" class="number">Failures in a row</th><th scope="col" class="number">Failed, last hour</th><th scope="col">Last success</th><th scope="col">Last failure</th></tr></thead>
<tbody>
<% for (const each of it.endpoints) { %>
<tr>
<th scope="row" class="wrap origin"><a href="<%= it.partnerAt(each.partner_id) %>"><%= each.name %></a><br><code class="soft"><%= each.origin %></code></th>
<td data-label="State"><%~ it.show.state(each.state) %><% if (each.failing_since && each.state === 'failing') { %> <span class="soft small">since <%~ it.show.time(each.failing_since) %></span><% } else if (each.state === 'unknown') { %> <span class="soft small">too few answers to tell</span><% } %></td>
<td data-label="Failures in a row" class="number"><% if (each.consecutive_failures > 0) { %><a href="/ops/postbacks?partner_id=<%= encodeURIComponent(each.partner_id) %>&amp;state=failed" title="Its failed postbacks"><%= each.consecutive_failures %></a><% } else { %>0<% } %></td>
<td data-label="Failed, last hour" class="number"><%= each.failure_rate === null ? '–' : Math.round(each.failure_rate * 100) + ' %' %></td>
<td data-label="Last success"><% if (each.last_success_at) { %><%~ it.show.time(each.last_success_at) %><% } else { %><span class="soft">never</span><% } %></td>
<td data-label="Last failure"><% if (each.last_failure_at) { %><%~ it.show.time(each.last_failure_at) %><% } else { %><span class="soft">never</span><% } %><% if (each.canary) { %> <span class="soft small">test <%~ it.show.time(each.canary.at) %>: <%= it.tellAnswer(each.canary) %></span><% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else if (it.isFiltered) { %>
<%~ it.show.nothing({ title: 'None', text: 'No endpoint is in this state.', action: { label: 'Show all', href: '/ops/endpoints' } }) %>
<% } else { %>
<%~ it.show.nothing({ title: 'Nothing was sent yet', text: 'An endpoint appears here with its first postback.' }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next, order: 'listed' }) %>
`,
);

/** How the partners' endpoints answer. */
export function addEndpointPages(routes: Router, { db, failingAfter }: { db: Knex; failingAfter: number }): void {
  routes.get('/endpoints', async (req, res) => {
    const list = readListFilters(req, filters, visitOf(res).timeZone);
    const { cursor: after, state } = list.filters;
    const endpoints = await listEndpoints(db, { limit: PAGE, after, state }, failingAfter);
    const last = endpoints.length < PAGE ? undefined : endpoints.at(-1);
    sendEndpoints(
      res,
      { title: 'Endpoints' },
      {
        ...{ given: list.given, isFiltered: state !== undefined, endpoints, states: STATES, partnerAt, tellAnswer },
        first: after === undefined ? undefined : list.pageAt(),
        next: last ? list.pageAt(placeOf(last)) : undefined,
      },
    );
  });
}

function tellAnswer({ http_status: httpStatus, error }: NonNullable<PartnerEndpoint['canary']>): string {
  return httpStatus === null ? (error ?? 'no answer').replaceAll('_', ' ') : `HTTP ${httpStatus}`;
}
