import type { Response } from 'express';
import type { OpsSession } from '../../db/keys/ops-sessions.ts';
import type { ConsolePlace } from '../console/console-place.ts';
import { sessionBehindLogin } from '../console/session/visit.ts';

export const opsConsole = { name: 'ops', path: '/ops', sameSite: 'strict' } as const satisfies ConsolePlace;

/** Who is signed in, on a page behind the login; what it may do is said by `actorOf`. */
export function sessionOf(res: Response): OpsSession {
  return sessionBehindLogin(res) as OpsSession;
}
