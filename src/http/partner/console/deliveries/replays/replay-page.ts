import type { Response } from 'express';
import type { Replay } from '../../../../../db/replays/replays.ts';
import { definePage } from '../../console-page.ts';
import type { Progress } from './replay-view.ts';

export type ReplayData = { replay: Replay; progress: Progress; refusal: string | undefined };

const sendPage = definePage<ReplayData>(
  'deliveries',
  `
<p><a href="/console/deliveries/replays">Replays</a></p>
<% const { replay, progress } = it; const path = '/console/deliveries/replays/' + encodeURIComponent(replay.replay_id); %>
<div id="replay"<% if (!progress.isOver) { %> hx-get="<%= path %>" hx-trigger="every 1s" hx-select="#replay" hx-swap="outerHTML"<% } %>>
<div class="head"><h1>Replay</h1><span class="row"><%~ it.show.id(replay.replay_id) %> <%~ it.show.state(replay.state) %></span></div>
<% if (it.refusal) { %><%~ it.show.notice({ tone: 'bad', text: it.refusal, role: 'alert' }) %><% } %>
<section class="card">
<p class="progress-text"><strong><%= progress.done %> of <%= replay.total %></strong><% if (progress.pace) { %> <span class="soft"><%= progress.pace %></span><% } %></p>
<progress value="<%= progress.done %>" max="<%= progress.total %>" aria-label="Postbacks done"></progress>
<dl class="facts">
<dt>Delivered</dt><dd><%= replay.delivered %></dd>
<dt>Refused</dt><dd><%= replay.refused %></dd>
<dt>Skipped</dt><dd><%= replay.skipped %></dd>
<% if (replay.from_at && replay.to_at) { %><dt>Postbacks made</dt><dd><%~ it.show.exactTime(replay.from_at) %> to <%~ it.show.exactTime(replay.to_at) %></dd><% } %>
<% if (replay.rate_per_second !== null) { %><dt>At most</dt><dd><%= replay.rate_per_second %> per second</dd><% } %>
<dt>Started</dt><dd><%~ it.show.exactTime(replay.started_at) %></dd>
<% if (replay.ended_at) { %><dt>Ended</dt><dd><%~ it.show.exactTime(replay.ended_at) %></dd><% } %>
</dl>
<% if (progress.note) { %><p class="soft"><%= progress.note %></p><% } %>
<div class="row">
<% if (replay.state === 'running' && replay.asked === 'run') { %><%~ it.show.action({ label: 'Pause', post: path + '/pause' }, 'plain') %><% } %>
<% if (replay.state === 'paused' || replay.asked === 'pause' && !progress.isOver) { %><%~ it.show.action({ label: 'Resume', post: path + '/resume' }) %><% } %>
<% if (!progress.isOver && replay.asked !== 'cancel') { %><%~ it.show.action({ label: 'Cancel', post: path + '/cancel' }, 'danger') %><% } %>
<% if (progress.isOver && replay.refused > 0) { %><a class="button plain" href="/console/deliveries?state=failed">See what was refused</a><% } %>
</div>
</section>
</div>
`,
);

export function sendReplay(res: Response, status: number, data: ReplayData): void {
  sendPage(res, { title: 'Replay', status }, data);
}
