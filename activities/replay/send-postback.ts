import type { Knex } from 'knex';
import { deleteAttempt } from '../../src/db/attempts.ts';
import type { ReplayAttemptEnd, Verdict } from '../../src/db/replays/replay-attempts.ts';
import type { ReplayControl, ReplayPostback } from '../../src/db/replays/replay-turns.ts';
import { UrlTemplateError } from '../../src/domain/url-template.ts';
import type { GuardedClient } from '../../src/outbound/guarded-client.ts';
import type { Turns } from '../../src/turns.ts';
import { recordOf, requestOf, unsent } from '../attempt-request.ts';
import type { AttemptWriter } from './attempt-writer.ts';

export type SendDeps = {
  db: Knex;
  writer: AttemptWriter;
  client: Pick<GuardedClient, 'send'>;
  /** The calls that may be under way at the same time. */
  places: Turns;
};

/** `sent`: its answer is recorded. `skipped`: it is not sent in this replay. All else: not now. */
export type Sent = 'sent' | 'skipped' | Exclude<Verdict, 'begun' | 'gone' | 'overtaken'>;

type Sending = { replayId: string; turn: number; control: ReplayControl };

// An attempt counts as dead after 16 s; of these its call may take 10.
const LATEST_CALL_MS = 3000;

/** One attempt of a postback, by the settings as they are now (R12). */
export async function sendPostback(deps: SendDeps, postback: ReplayPostback, sending: Sending): Promise<Sent> {
  const { settings } = sending.control;
  if (!settings?.statuses.includes(postback.status)) return 'skipped';
  const made = await deps.places.take(() => beginAndCall(deps, postback, { ...sending, settings }));
  if (typeof made === 'string') return made;
  // The place is free for another call meanwhile.
  await deps.writer.end(made);
  return 'sent';
}

async function beginAndCall(
  { db, writer, client }: SendDeps,
  postback: ReplayPostback,
  { replayId, turn, control, settings }: Sending & { settings: NonNullable<ReplayControl['settings']> },
): Promise<ReplayAttemptEnd | Sent> {
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
