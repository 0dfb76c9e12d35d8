import { setTimeout as delay } from 'node:timers/promises';
import {
  startPartnerServer,
  type Answer,
  type PartnerServer,
  type ReceivedPostback,
} from '../support/partner-server.ts';
import type { Journal } from './journal.ts';
import type { Random } from './random.ts';

type Mood = { share: number; answer: Answer; afterMs?: readonly [number, number] };

const MOODS: Mood[] = [
  { share: 0.58, answer: 200 },
  { share: 0.1, answer: 200, afterMs: [200, 1500] },
  { share: 0.1, answer: 500 },
  { share: 0.04, answer: 500, afterMs: [200, 1500] },
  { share: 0.05, answer: 204 },
  { share: 0.04, answer: 302 },
  { share: 0.05, answer: 'reset' },
  { share: 0.04, answer: 'nothing' },
];

/** The partners' tracker: it fails at random, and every call and answer is in the journal before the answer is sent. */
export async function startMoodyTracker(journal: Journal, random: Random): Promise<PartnerServer> {
  const run = Date.now().toString(36);
  let calls = 0;
  const tracker = await startPartnerServer();
  tracker.answer(async (received) => {
    const call = `${run}-${++calls}`;
    noteArrival(journal, call, received);
    const { answer, afterMs } = pickMood(random);
    if (afterMs) await delay(random.between(...afterMs));
    journal.add({ type: 'answered', call, with: answer });
    return answer;
  });
  return tracker;
}

function noteArrival(journal: Journal, call: string, { query, path }: ReceivedPostback): void {
  const { pid: postbackId = '', cid: conversionId = '', status = '' } = query;
  if (postbackId === '' || conversionId === '') {
    journal.add({ type: 'odd', what: `a partner was called at ${path} without the postback's ids` });
  }
  journal.add({ type: 'received', call, postbackId, conversionId, status });
}

function pickMood(random: Random): Mood {
  let left = random.next();
  for (const mood of MOODS) {
    left -= mood.share;
    if (left < 0) return mood;
  }
  return { share: 0, answer: 200 };
}
