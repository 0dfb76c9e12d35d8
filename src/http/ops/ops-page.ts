import type { Response } from 'express';
import { isRoleEnough } from '../../domain/admin-role.ts';
import { createConsolePages } from '../console/console-pages.ts';
import { actorOf } from '../protocol/actor.ts';
import { areas, type Area, type OpsArea } from './areas.ts';
import { opsConsole, sessionOf } from './ops-session.ts';

const pages = createConsolePages<Area>({
  home: opsConsole.path,
  listAreas: (res, current) =>
    Object.entries<OpsArea>(areas)
      .filter(([, area]) => isRoleEnough(sessionOf(res).role, area.needs ?? 'read'))
      .map(([name, area]) => ({ ...area, isCurrent: name === current })),
  search: () => ({ action: `${opsConsole.path}/search`, label: 'Find anything', value: '' }),
  signedIn: (res) => ({ name: sessionOf(res).name, role: sessionOf(res).role, signOut: `${opsConsole.path}/logout` }),
});

/** Compiles a page of the ops console. */
export const definePage = pages.definePage;

export const sendOpsProblem = pages.sendProblem;

/** What the signed-in admin may do, for pages that show nobody a button that would be refused. */
export function mayOf(res: Response): { operate: boolean; admin: boolean } {
  const { role } = actorOf(res);
  return { operate: isRoleEnough(role, 'operate'), admin: isRoleEnough(role, 'admin') };
}
