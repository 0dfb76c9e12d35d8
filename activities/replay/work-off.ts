import type { Knex } from 'knex';
import {
  pauseForUrl,
  readRedelivery,
  readReplayPage,
  type ReplayPostback,
  type ReplayTurn,
} from '../../src/db/replays/replay-turns.ts';
import { pauseUnlessAborted } from '../../src/pause.ts';
import { createLanes } from './lanes.ts';
import { createPace, type Pace } from './pace.ts';
import { sendPostback, type SendDeps } from './send-postback.ts';
import type { Trail } from './trail.ts';
import type { ReplayWatch } from './watch.ts';

type Work = {
  replayId: string;
  turn: ReplayTurn;
  trail: Trail;
  watch: ReplayWatch;
  /** Told of each postback that is not sent. */
  onSkipped: () => void;
};

const PAGE_SIZE = 1000;
// What waits for others of its conversion, or for Postgres to note its end, holds no place for a call.
const MAX_UNDER_WAY = 1000;
const BLOCKED_PAUSE_MS = 250;

/**
 * Sends what is left of a replay, in order within each conversion, until it is halted; resolves when no call is under way
 * any more. @returns whether it has come to the end
 */
export async function workOff(deps: SendDeps, work: Work): Promise<boolean> {
  const { turn, trail, watch } = work;
  const lanes = createLanes(MAX_UNDER_WAY);
  const pace = createPace(turn.ratePerSecond);
  const isWalked = await walk().catch((error: unknown) => {
    watch.fail(error);
    return false;
  });
  await lanes.idle();
  return isWalked && trail.isClear();

  async function walk(): Promise<boolean> {
    for await (const page of pagesLeftOf(deps.db, work)) {
      const steps = page.map((postback) => ({
        postback,
        pass: trail.add({ at: postback.createdAt, postbackId: postback.postbackId }),
      }));
      for (const { postback, pass } of steps.toSorted((a, b) => a.postback.sendPlace - b.postback.sendPlace)) {
        if (postback.isSent) {
          pass('sent');
          continue;
        }
        await lanes.room();
        if (watch.halted.aborted) return false;
        lanes.run(postback.conversionId, async () => {
          try {
            const passed = await sendUntilClear(deps, postback, { ...work, pace });
            if (passed) pass(passed);
          } catch (error) {
            watch.fail(error);
          }
        });
      }
    }
    return true;
  }
}

/** @returns undefined when it was halted before the postback was dealt with */
async function sendUntilClear(
  deps: SendDeps,
  postback: ReplayPostback,
  { replayId, turn: { turn, postbackId }, watch, onSkipped, pace }: Work & { pace: Pace },
): Promise<'sent' | 'skipped' | undefined> {
  while (!watch.halted.aborted) {
    const { settings } = watch.control();
    // A redelivery is about what was there when it was asked for; of a range, nothing is to be lost.
    if (!settings && postbackId === null) {
      await pauseForUrl(deps.db, { replayId, turn });
      await watch.look();
      continue;
    }
    const isOn = settings?.statuses.includes(postback.status);
    const sent = isOn ? await sendPostback(deps, postback, { replayId, turn, watch, pace }) : 'skipped';
    if (sent === 'skipped') onSkipped();
    if (sent === 'sent' || sent === 'skipped') return sent;
    if (sent === 'blocked') await pauseUnlessAborted(BLOCKED_PAUSE_MS, watch.halted);
    // It finds new settings, or that the replay goes on elsewhere.
    else await watch.look();
  }
  return undefined;
}

async function* pagesLeftOf(db: Knex, { replayId, turn }: Work): AsyncGenerator<ReplayPostback[]> {
  if (turn.postbackId !== null) {
    const postback = await readRedelivery(db, replayId);
    if (postback) yield [postback];
    return;
  }
  let after = turn.cursor;
  for (;;) {
    const page = await readReplayPage(db, { replayId, after, limit: PAGE_SIZE });
    yield page;
    const last = page.at(-1);
    if (!last || page.length < PAGE_SIZE) return;
    after = { at: last.createdAt, postbackId: last.postbackId };
  }
}
