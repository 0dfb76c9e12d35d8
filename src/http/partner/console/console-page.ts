import { createConsolePages } from '../../console/console-pages.ts';
import { areas, type Area } from './areas.ts';
import { partnerConsole, sessionOf } from './partner-session.ts';

const pages = createConsolePages<Area>({
  home: partnerConsole.path,
  listAreas: (_res, current) => Object.entries(areas).map(([name, area]) => ({ ...area, isCurrent: name === current })),
  signedIn: (res) => ({ name: sessionOf(res).partnerName, signOut: `${partnerConsole.path}/logout` }),
});

/** Compiles a page of the partner's console. */
export const definePage = pages.definePage;

export const sendConsoleProblem = pages.sendProblem;
