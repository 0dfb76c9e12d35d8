import type { Knex } from 'knex';
import { deleteAttempt, insertAttempt, interruptAttempts, readWaits } from '../src/db/attempts.ts';
import { endPostback, isEnded, readPostback, type CurrentPostback } from '../src/db/postbacks.ts';
import type { PostbackSettings } from '../src/domain/postbacks/postback-settings.ts';
import { UrlTemplateError } from '../src/domain/url-template.ts';
import type { DeliveryResult, PostbackCall } from '../workflows/contract.ts';
import { recordOf, requestOf, type AttemptRequest } from './attempt-request.ts';
import type { CallSlots } from './call-slots.ts';
import { stillRunning } from './postback-failures.ts';

export type StartedAttempt = { attempt: number; request: AttemptRequest };

type Deps = {
  db: Knex;
  takeSlot: CallSlots['take'];
};

/** Reads the settings as they are now (R12) and writes the attempt down, or says why none is due. */
export async function startAttempt(
  deps: Deps,
  call: PostbackCall,
): Promise<StartedAttempt | { result: DeliveryResult }> {
  const { db } = deps;
  const { postbackId, maxAttempts } = call;
  const postback = await readPostback(db, postbackId);
  const { settings } = postback;
  if (isEnded(postback.state)) return { result: postback.state };
  if (postback.attemptsMade >= maxAttempts) {
    await interruptAttempts(db, postbackId);
    if ((await readWaits(db, postbackId)).ownMs > 0) throw stillRunning(postbackId);
    await endPostback(db, postbackId, { state: 'failed' });
  } else if (!settings?.statuses.includes(postback.status)) {
    await endPostback(db, postbackId, { state: 'skipped', skipReason: settings ? 'status_off' : 'not_configured' });
  } else {
    const started = await writeAttemptDown(deps, postback, settings);
    if (started) return started;
  }
  // It has ended, by this or meanwhile: the next look says how.
  return await startAttempt(deps, call);
}

/** Takes back an attempt whose call there was no time for. */
export async function takeBack(db: Knex, postbackId: string, { attempt }: StartedAttempt): Promise<never> {
  await deleteAttempt(db, { postbackId, attempt });
  throw new Error(`Too little time was left for a call of postback ${postbackId}.`);
}

/** @returns undefined when the postback has ended meanwhile */
async function writeAttemptDown(
  { db, takeSlot }: Deps,
  postback: CurrentPostback,
  settings: PostbackSettings,
): Promise<StartedAttempt | undefined> {
  const { postbackId, attemptsMade } = postback;
  const attempt = attemptsMade + 1;
  const request = requestOf(postback, settings, postback.signingSecrets);
  const isSendable = !(request instanceof UrlTemplateError);
  if (isSendable && !takeSlot(postback.partnerId, request.url)) {
    throw new Error(`Too many postbacks are under way to the partner or the host of postback ${postbackId}.`);
  }
  const result = await insertAttempt(db, { postbackId, attempt, ...recordOf(request, settings, postback) });
  if (result === 'blocked') throw stillRunning(postbackId);
  return result === 'written' ? { attempt, request } : undefined;
}
