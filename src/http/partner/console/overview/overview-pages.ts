import type { Router } from 'express';
import type { Knex } from 'knex';
import { definePage } from '../console-page.ts';
import { sessionOf } from '../session/visit.ts';

export type OverviewDeps = { db: Knex; publicUrl: string };

const sendOverview = definePage<{ partnerId: string; referralUrl: string }>(
  'overview',
  `
<div class="head"><h1>Overview</h1></div>
<section class="card">
<h2>Your referral link</h2>
<dl class="facts">
<dt>partner_id</dt><dd><code><%= it.partnerId %></code> <%~ it.show.copy(it.partnerId, 'your partner_id') %></dd>
<dt>Link</dt><dd><code><%= it.referralUrl %></code> <%~ it.show.copy(it.referralUrl, 'your referral link') %></dd>
</dl>
</section>
`,
);

/** What a partner sees first. */
export function addOverviewPages(routes: Router, { publicUrl }: OverviewDeps): void {
  routes.get('/', (_req, res) => {
    const { partnerId } = sessionOf(res);
    sendOverview(res, { title: 'Overview' }, { partnerId, referralUrl: `${publicUrl}/${partnerId}/` });
  });
}
