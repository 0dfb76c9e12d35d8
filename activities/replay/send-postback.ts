import type { Knex } from 'knex';
import { deleteAttempt } from '../../src/db/attempts.ts';
import type { ReplayAttemptEnd, Verdict } from '../../src/db/replays/replay-attempts.ts';
import type { ReplayPostback } from '../../src/db/replays/replay-turns.ts';
import { UrlTemplateError } from '../../src/domain/url-template.ts';
import type { GuardedClient } from '../../src/outbound/guarded-client.ts';
import type { Turns } from '../../src/turns.ts';
import { recordOf, requestOf, unsent } from '../attempt-request.ts';
import type { AttemptWriter } from './attempt-writer.ts';
import type { Pace } from './pace.ts';
import type { ReplayWatch } from './watch.ts';

export type SendDeps = {
  db: Knex;
  writer: AttemptWriter;
  client: Pick<GuardedClient, 'send'>;
  /** The calls that may be under way at the same time. */
  places: Turns;
};

/** `sent`: its answer is recorded. `skipped`: it is not sent in this replay. All else: not now. */
export type Sent = 'sent' | 'skipped' | 'halted' | Exclude<Verdict, 'begun' | 'gone' | 'overtaken'>;

type Sending = {
  replayId: string;
  turn: number;
  watch: Pick<ReplayWatch, 'control' | 'halted'>;
  pace: Pace;
};

// An attempt counts as dead after 16 s; of these its call may take 10.
const LATEST_CALL_MS = 3000;

/** One attempt of a postback, by the settings as they are when it is its turn (R12). */
export async function sendPostback(deps: SendDeps, postback: ReplayPostback, sending: Sending): Promise<Sent> {
  const made = await deps.places.take(async () => {
    // With a place in hand: those who wait for one while the endpoint hangs must not all go at once when it answers.
    await sending.pace.next(sending.watch.halted);
    return sending.watch.halted.aborted ? 'halted' : await beginAndCall(deps, postback, sending);
  });
  if (typeof made === 'string') return made;
  // The place is free for another call meanwhile.
  await deps.writer.end(made);
  return 'sent';
}

async function beginAndCall(
  { db, writer, client }: SendDeps,
  postback: ReplayPostback,
  { replayId, turn, watch }: Sending,
): Promise<ReplayAttemptEnd | Sent> {
  const control = watch.control();
  const { settings } = control;
  if (!settings?.statuses.includes(postback.status)) return 'settings_changed';
  const { postbackId } = postback;
  const request = requestOf(postback, settings, control.signingSecrets);
  const { settingsVersion } = control;
  const begunAt = performance.now();
  const { verdict, attempt } = await writer.begin({
    ...{ replayId, turn, postbackId, settingsVersion },
    ...recordOf(request, settings, postback),
  });
  if (verdict === 'gone' || verdict === 'overtaken') return 'skipped';
  if (verdict !== 'begun') return verdict;
  if (performance.now() - begunAt > LATEST_CALL_MS) {
    await deleteAttempt(db, { postbackId, attempt });
    return 'blocked';
  }
  const outcome = request instanceof UrlTemplateError ? unsent(request) : await client.send(request);
  const { delivered, ...answer } = outcome;
  return { postbackId, attempt, ...answer, outcome: delivered ? 'delivered' : 'refused' };
}
