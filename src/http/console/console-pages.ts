import type { Response } from 'express';
import { compileConsolePage, type ConsoleFrame } from '../pages/console/layout.ts';
import type { Reader } from '../pages/console/parts.ts';
import { setProblemHeaders, type Problem } from '../protocol/problem.ts';
import { visitOf } from './session/visit.ts';

type Sent = { title: string; status?: number };

/** What stands around the pages of one console. */
export type ConsoleAround<Area extends string> = {
  home: string;
  /** What the session of a request may reach; asked behind the login alone. */
  listAreas(res: Response, current: Area | undefined): ConsoleFrame['areas'];
  signedIn(res: Response): NonNullable<ConsoleFrame['signedIn']>;
  search?(res: Response): ConsoleFrame['search'];
};

export type ConsolePages<Area extends string> = {
  /**
   * Compiles a page of an area; it is sent with the console's frame around it. The template is the content of `main`: its
   * data is `it`, the small parts of pages are `it.show`.
   */
  definePage: <Data extends object>(
    area: Area | undefined,
    template: string,
  ) => (res: Response, sent: Sent, data: Data) => void;
  /** An error as a page in the look of all others. */
  sendProblem: (res: Response, problem: Problem) => void;
};

/** @returns what makes the pages of a console */
export function createConsolePages<Area extends string>(around: ConsoleAround<Area>): ConsolePages<Area> {
  const sendMessage = definePage<{ title: string; text: string; home: string }>(
    undefined,
    `
<div class="nothing">
<h1><%= it.title %></h1>
<p><%= it.text %></p>
<%~ it.show.action({ label: 'To the overview', href: it.home }, 'plain') %>
</div>
`,
  );
  return {
    definePage,
    sendProblem(res, problem) {
      setProblemHeaders(res, problem);
      const { title, detail, status } = problem;
      sendMessage(res, { title, status }, { title, text: detail, home: around.home });
    },
  };

  function definePage<Data extends object>(area: Area | undefined, template: string) {
    const render = compileConsolePage<Data>(template);
    return (res: Response, { title, status = 200 }: Sent, data: Data) => {
      res
        .status(status)
        .type('html')
        .send(render(frameOf(res, title, area), readerOf(res), data));
    };
  }

  function frameOf(res: Response, title: string, area: Area | undefined): ConsoleFrame {
    const { session, flash } = visitOf(res);
    return {
      title,
      home: around.home,
      areas: session === undefined ? [] : around.listAreas(res, area),
      signedIn: session === undefined ? undefined : around.signedIn(res),
      search: session === undefined ? undefined : around.search?.(res),
      message: flash,
    };
  }
}

/** Answers a form that has been done: its page is shown anew, with what became of it. */
export function leadBack(res: Response, path: string, text: string): void {
  visitOf(res).setFlash({ tone: 'good', text });
  res.redirect(303, path);
}

function readerOf(res: Response): Reader {
  const { timeZone, nowMs, formToken, docs } = visitOf(res);
  return { timeZone, nowMs, formToken, docs };
}
