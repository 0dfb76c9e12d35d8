import type { Import } from '../../../db/imports/imports.ts';
import { listTemplate, type ListPage } from '../list-page.ts';
import { definePage, type mayOf } from '../ops-page.ts';

type ImportListData = ListPage<Import> & {
  may: ReturnType<typeof mayOf>;
  states: { value: string; label: string }[];
  count: (value: number) => string;
};

/** Files of statuses, the newest first. */
export const sendImportList = definePage<ImportListData>(
  'imports',
  listTemplate({
    title: 'Imports',
    path: '/ops/imports',
    beside: `<% if (it.may.operate) { %><a class="button" href="/ops/imports/new<% if (it.given.advertiser_id) { %>?advertiser_id=<%= encodeURIComponent(it.given.advertiser_id) %><% } %>">Import a file</a><% } %>`,
    filters: `<%~ it.show.field({ name: 'advertiser_id', label: 'Advertiser', type: 'search', value: it.given.advertiser_id, error: it.errors.advertiser_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.select({ name: 'state', label: 'State', value: it.given.state, options: it.states }) %>`,
    columns: [
      {
        label: 'File',
        cell: `<a href="/ops/imports/<%= encodeURIComponent(row.import_id) %>"><%= row.file_name ?? 'File without a name' %></a>`,
        look: 'head',
      },
      {
        label: 'Advertiser',
        cell: `<%~ it.show.id(row.advertiser_id, '/ops/advertisers/' + encodeURIComponent(row.advertiser_id)) %>`,
      },
      {
        label: 'State',
        cell: `<%~ it.show.state(row.state) %><% if (row.dry_run) { %> <span class="soft small">dry run</span><% } %>`,
      },
      { label: 'Rows', cell: `<%= it.count(row.rows) %>`, look: 'number' },
      { label: 'Recorded', cell: `<%= it.count(row.recorded) %>`, look: 'number' },
      { label: 'No effect', cell: `<%= it.count(row.duplicate + row.stale + row.ignored) %>`, look: 'number' },
      { label: 'Refused', cell: `<%= it.count(row.refused) %>`, look: 'number' },
      { label: 'When', cell: `<%~ it.show.time(row.created_at) %>` },
    ],
    nothing: {
      fits: 'No import is like this.',
      yet: {
        title: 'No files yet',
        text: 'Advertisers without online postbacks report in files: CSV or JSON, up to a million rows. Each is tried first, and booked when you say so.',
        action: `it.may.operate ? { label: 'Import a file', href: '/ops/imports/new' } : undefined`,
      },
    },
  }),
);
