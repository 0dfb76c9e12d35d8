import type { Router } from 'express';
import type { Knex } from 'knex';
import {
  listFraudFlags,
  readNotLookedAt,
  summariseFraudFlags,
  type FraudSummaryRow,
  type NotLookedAt,
} from '../../../db/reports/fraud-flags.ts';
import { flagKinds, flagNames, type FlagKind } from '../../../domain/fraud-flag.ts';
import { viewFlag } from '../../../stories/flag-view.ts';
import { readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { fraudFlagListSchema } from '../../fields/fraud-filters.ts';
import { writeCursor } from '../../protocol/cursor.ts';
import { conversionAt, leadAt, partnerAt } from '../addresses.ts';
import { definePage } from '../ops-page.ts';

type Flag = ReturnType<typeof viewFlag>;

type FraudData = {
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  kinds: { value: string; label: string }[];
  names: Readonly<Record<FlagKind, string>>;
  /** By partner, whoever has the most flags of a kind first. */
  summary: [partnerId: string, rows: FraudSummaryRow[]][];
  latestOf: (rows: FraudSummaryRow[]) => string;
  notLookedAt: NotLookedAt;
  /** Those of one conversion and partner together. */
  flags: Flag[][];
  conversionAt: (id: string) => string;
  leadAt: (id: string) => string;
  partnerAt: (id: string) => string;
  first: string | undefined;
  next: string | undefined;
};

const PAGE = 50;
const MOST_SUMMED_UP = 12;
const KINDS = [{ value: '', label: 'any' }, ...flagKinds.map((kind) => ({ value: kind, label: flagNames[kind] }))];

const sendFraud = definePage<FraudData>(
  'fraud',
  `
<div class="head"><h1>Fraud flags</h1><p>Conversions in which something looks odd. A flag stops nothing and no partner sees it: look, then decide. Clicks are looked at in a sample, so a number is at least what it says.</p></div>
<form method="get" action="/ops/fraud" class="filters">
<%~ it.show.select({ name: 'kind', label: 'What looks odd', value: it.given.kind, options: it.kinds }) %>
<%~ it.show.field({ name: 'partner_id', label: 'Partner', type: 'search', value: it.given.partner_id, error: it.errors.partner_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.field({ name: 'conversion_id', label: 'Conversion', type: 'search', value: it.given.conversion_id, error: it.errors.conversion_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="/ops/fraud">All</a><% } %></div>
</form>
<% if (it.notLookedAt.leads > 0) { %>
<%~ it.show.notice({ tone: 'quiet', title: it.notLookedAt.leads === 1 ? 'One lead was not looked at' : it.notLookedAt.leads + ' leads were not looked at', text: 'To look at them took too long. Their next status has them looked at again; until then look yourself.' }) %>
<p class="row"><% for (const id of it.notLookedAt.leadIds) { %><%~ it.show.id(id, it.leadAt(id)) %><% } %></p>
<% } %>
<% if (it.summary.length > 0) { %>
<section>
<h2>By partner</h2>
<div class="table" tabindex="0" role="region" aria-label="Flags by partner">
<table class="cards listing">
<thead><tr><th scope="col">Partner</th><th scope="col">What looks odd, in how many conversions</th><th scope="col">Latest</th></tr></thead>
<tbody>
<% for (const [partner, rows] of it.summary) { %>
<tr>
<th scope="row" class="wrap"><a href="<%= it.partnerAt(partner) %>"><%= partner %></a></th>
<td data-label="What looks odd" class="wrap whole"><ul class="plain-list"><% for (const row of rows) { %><li><a href="/ops/fraud?partner_id=<%= encodeURIComponent(partner) %>&amp;kind=<%= row.kind %>"><%= it.names[row.kind] %></a> <span class="soft"><%= row.conversions %></span></li><% } %></ul></td>
<td data-label="Latest"><%~ it.show.time(it.latestOf(rows)) %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
</section>
<% } %>
<% if (it.flags.length > 0) { %>
<section>
<h2>One by one</h2>
<div class="table" tabindex="0" role="region" aria-label="Flags">
<table class="cards listing">
<thead><tr><th scope="col">Flagged</th><th scope="col">Partner</th><th scope="col">Conversion</th><th scope="col">Why</th></tr></thead>
<tbody>
<% for (const [first, ...more] of it.flags) { %>
<tr>
<td data-label="Flagged"><%~ it.show.time(first.at) %></td>
<td data-label="Partner" class="wrap"><a href="<%= it.partnerAt(first.partner_id) %>"><%= first.partner_id %></a></td>
<td data-label="Conversion"><%~ it.show.id(first.conversion_id, it.conversionAt(first.conversion_id)) %></td>
<td data-label="Why" class="wrap whole"><ul class="plain-list"><% for (const flag of [first, ...more]) { %><li><strong><%= it.names[flag.kind] %></strong>: <%= flag.reason %></li><% } %></ul></td>
</tr>
<% } %>
</tbody>
</table>
</div>
</section>
<% } else { %>
<%~ it.show.nothing(it.isFiltered ? { title: 'Nothing fits', text: 'No flag is like this. Ids must be whole.', action: { label: 'Show all', href: '/ops/fraud' } } : { title: 'Nothing looks odd', text: 'Flags appear within a minute of a status that they concern.' }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);

/** What looks odd, by partner and one by one. */
export function addFraudPages(routes: Router, { db }: { db: Knex }): void {
  routes.get('/fraud', async (req, res) => {
    const list = readListFilters(req, fraudFlagListSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { cursor, ...filters } = list.filters;
    const { rows, next } = await listFraudFlags(db, { ...filters, cursor, limit: PAGE });
    const summary = cursor === undefined ? await summariseFraudFlags(db, filters) : [];
    sendFraud(
      res,
      { title: 'Fraud flags' },
      {
        ...{ given: list.given, errors: list.errors, isFiltered: list.isFiltered },
        ...{ kinds: KINDS, names: flagNames, conversionAt, leadAt, partnerAt },
        notLookedAt: await readNotLookedAt(db),
        latestOf: (rows) => rows.reduce((latest, { latest_at: at }) => (at > latest ? at : latest), ''),
        summary: [...groupBy(summary, ({ partner_id }) => partner_id)].slice(0, MOST_SUMMED_UP),
        flags: [...groupBy(rows.map(viewFlag), (flag) => `${flag.conversion_id} ${flag.partner_id}`).values()],
        first: cursor === undefined ? undefined : list.pageAt(),
        next: next === null ? undefined : list.pageAt(writeCursor(next)),
      },
    );
  });
}

/** In the order in which each key came first. */
function groupBy<T>(rows: T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
}
