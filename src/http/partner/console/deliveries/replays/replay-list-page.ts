import type { Response } from 'express';
import type { Replay } from '../../../../../db/replays/replays.ts';
import { definePage } from '../../console-page.ts';
import type { ShownProposal } from './replay-proposal.ts';

export type ReplayListData = {
  replays: Replay[];
  proposal: ShownProposal | undefined;
  first: string | undefined;
  next: string | undefined;
};

const sendPage = definePage<ReplayListData>(
  'deliveries',
  `
<p><a href="/console/deliveries">Deliveries</a></p>
<div class="head"><h1>Replays</h1><a class="button" href="/console/deliveries/replays/new">New replay</a>
<p>After an outage of your endpoint: all that failed meanwhile is sent once more, each conversion in order. <a href="/docs#replay">How it works</a></p></div>
<% if (it.proposal) { %><%~ it.show.notice(it.proposal) %><% } %>
<% if (it.replays.length === 0) { %>
<%~ it.show.nothing({ title: 'No replays yet', text: 'You need one when your endpoint was down for longer than our attempts went on.' }) %>
<% } else { %>
<div class="table"><table class="cards">
<thead><tr><th scope="col">Started</th><th scope="col">State</th><th scope="col">Postbacks made</th><th scope="col" class="number">Done</th><th scope="col" class="number">Delivered</th><th scope="col" class="number">Refused</th><th scope="col" class="number">Skipped</th></tr></thead>
<tbody>
<% for (const replay of it.replays) { %>
<tr>
<td data-label="Started"><a href="/console/deliveries/replays/<%= replay.replay_id %>"><%~ it.show.time(replay.started_at) %><span class="unseen">, details</span></a></td>
<td data-label="State"><%~ it.show.state(replay.state) %></td>
<td data-label="Postbacks made" class="wrap"><% if (replay.from_at && replay.to_at) { %><%= it.show.span(replay.from_at, replay.to_at) %><% } %></td>
<td data-label="Done" class="number"><%= replay.delivered + replay.refused + replay.skipped %> of <%= replay.total %></td>
<td data-label="Delivered" class="number"><%= replay.delivered %></td>
<td data-label="Refused" class="number"><%= replay.refused %></td>
<td data-label="Skipped" class="number"><%= replay.skipped %></td>
</tr>
<% } %>
</tbody></table></div>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
<% } %>
`,
);

export function sendReplayList(res: Response, data: ReplayListData): void {
  sendPage(res, { title: 'Replays' }, data);
}
