import type { Response, Router } from 'express';
import { AppError } from '../../../errors.ts';
import type { KeyCheck } from '../../protocol/keys/key-check.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import type { ConsolePlace } from '../console-place.ts';
import { textIn } from '../form.ts';
import type { SignedCookie } from './signed-cookie.ts';
import { visitOf } from './visit.ts';

export type LoginPage = { next: string; error: string | undefined };

export type LoginDeps<Owner> = {
  place: ConsolePlace;
  checkKey: KeyCheck<Owner>;
  sessionCookie: SignedCookie;
  lifetimeMs: number;
  /** @returns what the cookie carries */
  startSession: (owner: Owner, key: string) => Promise<string>;
  endSession: (res: Response) => Promise<void>;
  /** Shows the form. @param status of the answer */
  sendLogin: (res: Response, status: number, page: LoginPage) => void;
};

const REFUSED = 'This is not a key of ours, or it has ended. Look whether all of it was copied.';

/** Signing in to a console by a key, and out. */
export function addLoginRoutes<Owner>(routes: Router, deps: LoginDeps<Owner>): void {
  const { place, checkKey, sessionCookie, lifetimeMs, sendLogin } = deps;
  const login = `${place.path}/login`;

  routes.get('/login', (req, res) => {
    const next = ownPath(place, firstOf(readQuery(req.url).next));
    if (visitOf(res).session !== undefined) return res.redirect(303, next);
    sendLogin(res, 200, { next, error: undefined });
  });

  routes.post('/login', async (req, res) => {
    const [key, next] = [textIn(req.body, 'api_key').trim(), ownPath(place, textIn(req.body, 'next'))];
    const asked = await askForKey(res, key);
    if (asked instanceof AppError) {
      const isWrong = asked.kind === 'unauthorized';
      return sendLogin(res, isWrong ? 401 : 429, { next, error: isWrong ? REFUSED : asked.message });
    }
    if (visitOf(res).session !== undefined) await deps.endSession(res);
    sessionCookie.set(res, await deps.startSession(asked.owner, key), lifetimeMs);
    res.redirect(303, next);
  });

  routes.post('/logout', async (_req, res) => {
    if (visitOf(res).session !== undefined) await deps.endSession(res);
    sessionCookie.clear(res);
    res.redirect(303, login);
  });

  /** @returns whose key it is, or why it does not let anybody in */
  async function askForKey(res: Response, key: string): Promise<{ owner: Owner } | AppError> {
    const gone = new AbortController();
    res.once('close', () => gone.abort(new AppError('unavailable', 'The caller has gone.')));
    try {
      return { owner: await checkKey({ ip: res.req.ip, tenant: '', key }, gone.signal) };
    } catch (error) {
      if (error instanceof AppError && ['unauthorized', 'too_many'].includes(error.kind)) return error;
      throw error;
    }
  }
}

/** Where a login leads: never to another site, whatever its link says. */
export function ownPath({ path }: Pick<ConsolePlace, 'path'>, given: string | undefined): string {
  const isOwn = given !== undefined && new RegExp(`^${path}(?:[/?][\\w\\-.~%/?&=:+,]*)?$`).test(given);
  return isOwn && !given.startsWith(`${path}/login`) ? given : path;
}
