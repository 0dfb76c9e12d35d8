import type { Response } from 'express';
import type { ConsoleSession } from '../../../db/keys/console-sessions.ts';
import type { ConsolePlace } from '../../console/console-place.ts';
import { sessionBehindLogin } from '../../console/session/visit.ts';

export const partnerConsole = { name: 'console', path: '/console', sameSite: 'lax' } as const satisfies ConsolePlace;

/** Who is signed in, on a page behind the login. */
export function sessionOf(res: Response): ConsoleSession {
  return sessionBehindLogin(res) as ConsoleSession;
}
