import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { asActor, partnerActor } from '../../../../db/audit.ts';
import { readOldKeyUntil } from '../../../../db/keys/partner-keys.ts';
import { endAllSessions, listSignIns, replaceKeyInSession } from '../../../../db/keys/console-sessions.ts';
import { readPartner } from '../../../../db/partners.ts';
import { definePage } from '../console-page.ts';
import { textIn } from '../../../console/form.ts';
import type { SignedCookie } from '../../../console/session/signed-cookie.ts';
import { sessionOf } from '../partner-session.ts';

export type KeyDeps = { db: Knex; sessionCookie: SignedCookie };

type KeyData = {
  keyPrefix: string;
  newKey: string | undefined;
  /** Nothing was done, because the form was older than the key. */
  isStale: boolean;
  keptFor: string;
  /** Until when the key before the newest goes on; null when there is none. */
  oldUntil: string | null;
  period: string;
  periods: { value: string; label: string }[];
  signIns: { createdAt: string; lastSeenAt: string; isThis: boolean }[];
};

// In seconds; programs that call us get their new key in one of these.
const PERIODS = [
  { value: '0', label: 'Not at all: it ends at once' },
  { value: '3600', label: 'One hour' },
  { value: '86400', label: 'One day' },
  { value: '604800', label: 'One week' },
];
const USUAL_PERIOD = '86400';
// Offered while there is a key before it, which programs may still have.
const LOST = {
  value: 'lost',
  label: 'I do not have the newest key: end that one, and let the one before it go on',
} as const;

const sendKeyPage = definePage<KeyData>(
  'key',
  `
<div class="head"><h1>Key and sign-in</h1></div>
<% if (it.newKey) { %>
<section class="card new-key" role="status">
<h2>Your new API key</h2>
<p>It is shown this once. Keep it where your programs find it, and nowhere else.</p>
<pre id="new-key"><%= it.newKey %></pre>
<p class="row"><%~ it.show.copy(it.newKey, 'the new API key', 'Copy the key') %></p>
<p class="soft"><%= it.keptFor %> You stay signed in here.</p>
</section>
<% } %>
<% if (it.isStale) { %>
<%~ it.show.notice({ tone: 'bad', text: 'The key has been replaced since this form was shown, so nothing was changed. Your new key was shown then. If you do not have it, replace it once more'+ (it.oldUntil ? ': your programs\u2019 key goes on all the same.' : '.') }) %>
<% } %>
<section class="card">
<h2>API key</h2>
<p>The key in use begins with <code><%= it.keyPrefix %></code>. It signs you in here, and your programs at the <a href="/docs#api">API</a>. Replace it when somebody may know it who should not.</p>
<form method="post" action="/console/key">
<%~ it.show.formToken() %>
<input type="hidden" name="replaces" value="<%= it.keyPrefix %>">
<%~ it.show.select({ name: 'keep_old_for_seconds', label: 'How long shall the old key go on?', value: it.period, options: it.periods,
  help: 'Until then both keys work, so that you can change your programs one by one. A key from before that ends now.' }) %>
<button>Replace the key</button>
</form>
</section>
<section>
<h2>Signed in</h2>
<div class="table">
<table class="cards">
<thead><tr><th scope="col">Since</th><th scope="col">Last seen</th><th scope="col">Where</th></tr></thead>
<tbody>
<% for (const signIn of it.signIns) { %>
<tr><td data-label="Since"><%~ it.show.exactTime(signIn.createdAt) %></td><td data-label="Last seen"><%~ it.show.time(signIn.lastSeenAt) %></td><td data-label="Where"><%= signIn.isThis ? 'This browser' : 'Another browser' %></td></tr>
<% } %>
</tbody>
</table>
</div>
<%~ it.show.action({ label: 'Sign out everywhere', post: '/console/key/sign-out-everywhere' }, 'danger') %>
</section>
`,
);

/** Replacing the API key, and seeing and ending what is signed in. */
export function addKeyPages(routes: Router, { db, sessionCookie }: KeyDeps): void {
  routes.get('/key', (_req, res) => showKeyPage(res));

  routes.post('/key', async (req, res) => {
    const given = textIn(req.body, 'keep_old_for_seconds');
    const period = [...PERIODS, LOST].find(({ value }) => value === given);
    const asked = {
      keepOldForSeconds: given === LOST.value ? LOST.value : Number(period?.value ?? 0),
      // Sent again by a reload, the form must not end the key that programs have.
      prefix: textIn(req.body, 'replaces'),
    };
    const session = sessionOf(res);
    const replace = (trx: Knex) => replaceKeyInSession(trx, session, asked);
    const newKey = await asActor(db, partnerActor(session.partnerId), replace);
    await showKeyPage(res, { newKey, keptFor: sayKeptFor(period?.value) });
  });

  routes.post('/key/sign-out-everywhere', async (_req, res) => {
    await endAllSessions(db, sessionOf(res).partnerId);
    sessionCookie.clear(res);
    res.redirect(303, '/console/login');
  });

  async function showKeyPage(res: Response, replaced?: { newKey: string | undefined; keptFor: string }): Promise<void> {
    const { partnerId, sessionHash } = sessionOf(res);
    const isStale = replaced !== undefined && replaced.newKey === undefined;
    const [partner, signIns, oldUntil] = await Promise.all([
      readPartner(db, partnerId),
      listSignIns(db, partnerId),
      readOldKeyUntil(db, partnerId),
    ]);
    sendKeyPage(
      res,
      { title: 'Key and sign-in', status: isStale ? 409 : 200 },
      {
        isStale,
        keyPrefix: partner?.api_key_prefix ?? '',
        newKey: replaced?.newKey,
        keptFor: replaced?.keptFor ?? '',
        oldUntil,
        // Whoever pressed the button twice has lost the answer to the first.
        period: isStale && oldUntil ? LOST.value : USUAL_PERIOD,
        periods: oldUntil ? [...PERIODS, LOST] : PERIODS,
        signIns: signIns.map((signIn) => ({ ...signIn, isThis: signIn.sessionHash === sessionHash })),
      },
    );
  }
}

function sayKeptFor(seconds: string | undefined): string {
  if (seconds === LOST.value) return 'The key before it goes on as it was to.';
  const period = PERIODS.find(({ value }) => value === seconds && value !== '0');
  return period ? `The old key goes on for ${period.label.toLowerCase()}.` : 'The old key has ended.';
}
