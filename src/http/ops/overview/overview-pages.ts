import type { Router } from 'express';
import { inTime } from '../../../in-time.ts';
import type { Log } from '../../../log.ts';
import { definePage } from '../ops-page.ts';
import { listChecks, type Check, type CheckDeps, type Finding } from './checks.ts';

export type OverviewDeps = CheckDeps & {
  log: Pick<Log, 'warn'>;
  /** How long a reader waits for a part, 1.5 s when left out; longer in tests, so that no busy machine decides them. */
  lookWithinMs?: number;
};

type Looked = Finding & { name: string };

// A reader waits no longer for a page; what takes longer is said to be missing.
const LOOK_WITHIN_MS = 1500;
const SLOW = 'This cannot be told at the moment.';

const sendOverview = definePage<{ headline: string; urgent: Looked[]; calm: Looked[] }>(
  'overview',
  `
<div id="overview" hx-get="/ops" hx-trigger="every 15s" hx-select="#overview" hx-swap="outerHTML">
<div class="head"><h1><%= it.headline %></h1></div>
<% for (const each of it.urgent) { %>
<%~ it.show.notice({ tone: each.tone, title: each.name, text: each.text, actions: each.action ? [each.action] : [] }) %>
<% } %>
<% if (it.calm.length > 0) { %>
<h2 class="unseen">All is well with</h2>
<dl class="calm">
<% for (const each of it.calm) { %>
<div><dt><svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M5 12l5 5 9-10"/></svg><%= each.name %></dt><dd><%~ it.show.prose(each.text) %><% if (each.action) { %> <a href="<%= each.action.href %>"><%= each.action.label %></a><% } %></dd></div>
<% } %>
</dl>
<% } %>
</div>
<section class="card">
<h2>Find any id or name</h2>
<form method="get" action="/ops/search" class="pair">
<%~ it.show.field({ name: 'q', label: 'Id or name', type: 'search', attributes: { maxlength: '400', autocomplete: 'off', spellcheck: 'false' } }) %>
<button>Find</button>
</form>
<p class="soft small">The whole id of a lead, conversion, ref_id, postback, partner, advertiser, offer, transaction_id, status call or import; or part of a name of a partner, advertiser or offer.</p>
</section>
`,
);

/** Whether anything is stuck, and who is waiting. */
export function addOverviewPages(routes: Router, deps: OverviewDeps): void {
  const checks = listChecks(deps);
  routes.get('/', async (_req, res) => {
    const looked = await Promise.all(checks.map((check) => look(check, deps)));
    const urgent = looked.filter(({ tone }) => tone === 'bad' || tone === 'busy');
    urgent.sort((a, b) => Number(a.tone === 'busy') - Number(b.tone === 'busy'));
    const calm = looked.filter((each) => !urgent.includes(each));
    sendOverview(res, { title: 'Overview' }, { headline: tellAll(urgent), urgent, calm });
  });
}

/** What cannot be looked at, or not in time, does not take the page down. */
async function look({ name, look }: Check, { log, lookWithinMs = LOOK_WITHIN_MS }: OverviewDeps): Promise<Looked> {
  try {
    return { name, ...(await inTime(look, { withinMs: lookWithinMs, message: SLOW })) };
  } catch (err) {
    log.warn({ err, check: name }, 'A part of the ops overview cannot be told.');
    return { name, tone: 'busy', text: SLOW };
  }
}

function tellAll(urgent: Looked[]): string {
  const stuck = urgent.filter(({ tone }) => tone === 'bad').length;
  if (stuck > 0) return stuck === 1 ? 'One thing is stuck' : `${stuck} things are stuck`;
  if (urgent.length > 0)
    return urgent.length === 1 ? 'One thing waits for you' : `${urgent.length} things wait for you`;
  return 'Nothing is stuck';
}
