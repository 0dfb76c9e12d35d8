import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import type { Narrator } from './narrator.ts';

/** A call as `approved, answered 200`, and when it came, in milliseconds of a clock that only goes forward. */
export type Heard = { what: string; at: number };

export type DemoPartner = {
  name: string;
  partnerId: string;
  /** Template of a postback to the partner's tracker. */
  postbackUrl: string;
  /** The link that the partner gives to a visitor. */
  linkWith(refId: string): string;
  /** The answers to the next calls, the last one for good. */
  willAnswer: PartnerServer['answer'];
  /** The calls of this story. */
  heard: Heard[];
  /** Begins a new story: nothing heard, every call answered with 200. */
  forget(): void;
  stop(): Promise<void>;
};

/** A partner whose tracker is a real HTTP server, and who tells of each call. */
export async function startPartner(name: string, narrator: Narrator): Promise<DemoPartner> {
  const heard: Heard[] = [];
  const partnerId = name.toLowerCase();
  const tracker = await startPartnerServer({
    onCall({ method, target, query, at }, answer) {
      const answered = answer === 'nothing' ? 'not answered' : `answered ${answer}`;
      heard.push({ what: `${query['status']}, ${answered}`, at });
      narrator.tell(name, `is called: ${method} ${target}`);
      narrator.tell('', `  ${answered}`);
    },
  });
  return {
    name,
    partnerId,
    postbackUrl: `${tracker.origin}/in?status={status}&ref={ref_id}&payout={payout}&reason={reason}&conversion={conversion_id}`,
    linkWith: (refId) => `/${partnerId}/?ref_id=${refId}`,
    willAnswer: (...answers) => tracker.answer(...answers),
    heard,
    forget() {
      tracker.forget();
      heard.length = 0;
    },
    stop: () => tracker.stop(),
  };
}
