import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { endSession, startSession } from '../../../../db/keys/console-sessions.ts';
import { AppError } from '../../../../errors.ts';
import { assetPaths } from '../../../pages/assets.ts';
import type { KeyCheck } from '../../../protocol/keys/key-check.ts';
import { firstOf, readQuery } from '../../../protocol/query.ts';
import { definePage } from '../console-page.ts';
import { textIn } from '../form.ts';
import type { SignedCookie } from '../session/console-cookies.ts';
import { visitOf } from '../session/visit.ts';

export type LoginDeps = {
  db: Knex;
  checkKey: KeyCheck<string>;
  sessionCookie: SignedCookie;
  lifetimeMs: number;
};

const LOGIN = '/console/login';
const REFUSED = 'This is not a key of ours, or it has ended. Look whether all of it was copied.';

const sendLogin = definePage<{ next: string; error: string | undefined }>(
  undefined,
  `
<p class="brand"><img src="${assetPaths.icon}" alt="" width="36" height="36"> Cashcat</p>
<section class="card">
<h1>Sign in</h1>
<p class="soft">See what your links earn, and set up your postbacks.</p>
<form method="post" action="${LOGIN}">
<%~ it.show.formToken() %>
<input type="hidden" name="next" value="<%= it.next %>">
<%~ it.show.field({ name: 'api_key', label: 'API key', type: 'password', error: it.error,
  help: 'It begins with ck_ and was given to you when your account was made.',
  attributes: { required: '', autocomplete: 'current-password', maxlength: '200', spellcheck: 'false' } }) %>
<button>Sign in</button>
</form>
</section>
<p class="soft small">No key yet, or lost it? Ask your contact at Cashcat. How everything works is in the <a href="/docs">documentation</a>.</p>
`,
);

/** Signing in by the API key, and out. */
export function addLoginRoutes(routes: Router, { db, checkKey, sessionCookie, lifetimeMs }: LoginDeps): void {
  routes.get('/login', (req, res) => {
    const next = ownPath(firstOf(readQuery(req.url).next));
    if (visitOf(res).session) return res.redirect(303, next);
    sendLogin(res, { title: 'Sign in' }, { next, error: undefined });
  });

  routes.post('/login', async (req, res) => {
    const [key, next] = [textIn(req.body, 'api_key').trim(), ownPath(textIn(req.body, 'next'))];
    const partnerId = await askForKey(res, key);
    if (partnerId instanceof AppError) {
      const isWrong = partnerId.kind === 'unauthorized';
      const error = isWrong ? REFUSED : partnerId.message;
      return sendLogin(res, { title: 'Sign in', status: isWrong ? 401 : 429 }, { next, error });
    }
    const { session } = visitOf(res);
    if (session) await endSession(db, session);
    sessionCookie.set(res, await startSession(db, { partnerId, key, lifetimeMs }), lifetimeMs);
    res.redirect(303, next);
  });

  routes.post('/logout', async (_req, res) => {
    const { session } = visitOf(res);
    if (session) await endSession(db, session);
    sessionCookie.clear(res);
    res.redirect(303, LOGIN);
  });

  /** @returns whose key it is, or why it does not let anybody in */
  async function askForKey(res: Response, key: string): Promise<string | AppError> {
    const gone = new AbortController();
    res.once('close', () => gone.abort(new AppError('unavailable', 'The caller has gone.')));
    try {
      return await checkKey({ ip: res.req.ip, tenant: '', key }, gone.signal);
    } catch (error) {
      if (error instanceof AppError && ['unauthorized', 'too_many'].includes(error.kind)) return error;
      throw error;
    }
  }
}

/** Where a login leads: never to another site, whatever its link says. */
export function ownPath(given: string | undefined): string {
  const isOwn = given !== undefined && /^\/console(?:[/?][\w\-.~%/?&=:+,]*)?$/.test(given);
  return isOwn && !given.startsWith(LOGIN) ? given : '/console';
}
