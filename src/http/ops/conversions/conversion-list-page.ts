import type { ListedConversion } from '../../../db/reports/conversion-list.ts';
import { listTemplate, type ListPage } from '../list-page.ts';
import { definePage } from '../ops-page.ts';

type ConversionListData = ListPage<ListedConversion> & { statuses: { value: string; label: string }[] };

/** Conversions, the newest first. */
export const sendConversionList = definePage<ConversionListData>(
  'conversions',
  listTemplate({
    title: 'Conversions',
    path: '/ops/conversions',
    filters: `<%~ it.show.field({ name: 'partner_id', label: 'Partner', type: 'search', value: it.given.partner_id, error: it.errors.partner_id, attributes: { maxlength: '64', placeholder: 'or house' } }) %>
<%~ it.show.field({ name: 'ref_id', label: 'ref_id', type: 'search', value: it.given.ref_id, error: it.errors.ref_id, attributes: { maxlength: '32' } }) %>
<%~ it.show.field({ name: 'advertiser_id', label: 'Advertiser', type: 'search', value: it.given.advertiser_id, error: it.errors.advertiser_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.field({ name: 'offer_id', label: 'Offer', type: 'search', value: it.given.offer_id, error: it.errors.offer_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.select({ name: 'status', label: 'Status', value: it.given.status, options: it.statuses }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>`,
    columns: [
      { label: 'Began', cell: `<%~ it.show.time(row.created_at) %>` },
      {
        label: 'Conversion',
        cell: `<%~ it.show.id(row.conversion_id, '/ops/conversions/' + encodeURIComponent(row.conversion_id)) %>`,
      },
      {
        label: 'Offer',
        cell: `<a href="/ops/offers/<%= encodeURIComponent(row.offer_id) %>"><%= row.offer_id %></a>`,
        look: 'wrap',
      },
      {
        label: 'Partner',
        cell: `<% if (row.partner_id === 'house') { %><span class="soft">house</span><% } else { %><a href="/ops/partners/<%= encodeURIComponent(row.partner_id) %>"><%= row.partner_id %></a><% } %>`,
        look: 'wrap',
      },
      {
        label: 'Status',
        cell: `<% if (row.status) { %><%~ it.show.state(row.status) %><% } else { %><span class="soft">none yet</span><% } %>`,
      },
      {
        label: 'Reported',
        cell: `<% if (row.status_at) { %><%~ it.show.time(row.status_at) %><% } else { %><span class="soft">–</span><% } %>`,
      },
      {
        label: 'Reward',
        cell: `<% if (row.reward) { %><%~ it.show.money(row.reward.amount, row.reward.currency) %><% } else { %><span class="soft">–</span><% } %>`,
        look: 'number',
      },
    ],
    nothing: {
      fits: 'No conversion is like this. Ids and ref_ids must be whole.',
      yet: { title: 'No conversions yet', text: 'A conversion begins when a visitor goes on to an offer.' },
    },
  }),
);
