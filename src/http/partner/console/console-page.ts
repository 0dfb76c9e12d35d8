import type { Response } from 'express';
import { compileConsolePage, type ConsoleFrame } from '../../pages/console/layout.ts';
import type { Reader } from '../../pages/console/parts.ts';
import { setProblemHeaders, type Problem } from '../../protocol/problem.ts';
import { areas, type Area } from './areas.ts';
import { visitOf } from './session/visit.ts';

type Sent = { title: string; status?: number };

/**
 * Compiles a page of an area; it is sent with the partner's frame around it. The template is the content of `main`: its
 * data is `it`, the small parts of pages are `it.show`.
 */
export function definePage<Data extends object>(
  area: Area | undefined,
  template: string,
): (res: Response, sent: Sent, data: Data) => void {
  const render = compileConsolePage<Data>(template);
  return (res, { title, status = 200 }, data) => {
    res
      .status(status)
      .type('html')
      .send(render(frameOf(res, title, area), readerOf(res), data));
  };
}

/** Answers a form that has been done: its page is shown anew, with what became of it. */
export function leadBack(res: Response, path: string, text: string): void {
  visitOf(res).setFlash({ tone: 'good', text });
  res.redirect(303, path);
}

const sendMessage = definePage<{ title: string; text: string }>(
  undefined,
  `
<div class="nothing">
<h1><%= it.title %></h1>
<p><%= it.text %></p>
<%~ it.show.action({ label: 'To the overview', href: '/console' }, 'plain') %>
</div>
`,
);

/** An error as a page in the look of all others. */
export function sendConsoleProblem(res: Response, problem: Problem): void {
  setProblemHeaders(res, problem);
  const { title, detail } = problem;
  sendMessage(res, { title, status: problem.status }, { title, text: detail });
}

function readerOf(res: Response): Reader {
  const { timeZone, nowMs, formToken } = visitOf(res);
  return { timeZone, nowMs, formToken };
}

function frameOf(res: Response, title: string, area: Area | undefined): ConsoleFrame {
  const { session, flash } = visitOf(res);
  const shown = Object.entries(areas).map(([name, each]) => ({ ...each, isCurrent: name === area }));
  return {
    title,
    home: '/console',
    areas: session ? shown : [],
    signedIn: session && { name: session.partnerName, signOut: '/console/logout' },
    message: flash,
  };
}
