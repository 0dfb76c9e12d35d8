import type { ServerResponse } from 'node:http';

export type ReceivedCall = {
  time: string;
  method: string;
  path: string;
  /** A line each. */
  headers: string[];
  body: string;
  answered: Behaviour;
};

type Answering = { label: string; said: string; answer(response: ServerResponse): void };

const text = (status: number, body?: string) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
};

/** What the tracker can be told to answer, so that anybody can see a postback fail and mend it. */
export const behaviours = {
  ok: { label: 'Answer 200', said: '200', answer: text(200, 'OK') },
  error: { label: 'Answer 500', said: '500', answer: text(500, 'Internal Server Error') },
  empty: { label: 'Answer 204', said: '204', answer: text(204) },
  hang: {
    label: 'Hang',
    said: 'nothing',
    // The caller gives up; what is still open then goes with the receiver.
    answer: () => undefined,
  },
  refusal: { label: '200, but refuse', said: '200 with success=false', answer: text(200, 'success=false') },
} as const satisfies Record<string, Answering>;

export type Behaviour = keyof typeof behaviours;

export function isBehaviour(word: string | null): word is Behaviour {
  return word !== null && Object.hasOwn(behaviours, word);
}
