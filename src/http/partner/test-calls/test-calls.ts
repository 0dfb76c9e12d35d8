import type { Knex } from 'knex';
import { readPostbackSettings } from '../../../db/partners.ts';
import { readSigningSecrets } from '../../../db/keys/signing-secrets.ts';
import type { PostbackSettings } from '../../../domain/postbacks/postback-settings.ts';
import type { Status } from '../../../domain/status.ts';
import { AppError } from '../../../errors.ts';
import type { GuardedClient } from '../../../outbound/guarded-client.ts';
import {
  makeTestCall,
  previewCall,
  type Preview,
  type TestCall,
  type TestResult,
} from '../../../outbound/test-call.ts';
import { createCallLimit } from '../../protocol/keys/call-limit.ts';

/** What a partner wants to try; `draft` are settings that have passed the check, in place of the saved ones. */
export type Tried = { status: Status; refId?: string | undefined; draft?: PostbackSettings | undefined };

export type TestCalls = {
  /** What would be sent. @throws AppError `conflict` without any settings */
  preview(partnerId: string, tried: Tried): Promise<Preview>;
  /** Sends it now. @throws AppError `conflict` without any settings, `too_many` */
  send(partnerId: string, tried: Tried): Promise<TestResult>;
};

export type TestCallDeps = {
  db: Knex;
  /** The one that sends all postbacks. */
  client: Pick<GuardedClient, 'send'>;
  /** Of each partner, in this process. */
  testsPerMinute: number;
};

/** Trying settings before visitors depend on them; for the API and the console alike. */
export function createTestCalls({ db, client, testsPerMinute }: TestCallDeps): TestCalls {
  const limit = createCallLimit(testsPerMinute);
  return {
    preview: async (partnerId, tried) => previewCall(await readCall(partnerId, tried)),
    async send(partnerId, tried) {
      const call = await readCall(partnerId, tried);
      if (await limit.count(partnerId)) {
        throw new AppError('too_many', `At most ${testsPerMinute} tests a minute are sent; wait a minute.`);
      }
      return await makeTestCall(client, call);
    },
  };

  async function readCall(partnerId: string, { draft, status, refId }: Tried): Promise<TestCall> {
    const settings = draft ?? (await readPostbackSettings(db, partnerId));
    if (!settings) {
      throw new AppError('conflict', 'There is no postback URL to try: save one, or give a draft as postback.');
    }
    return { settings, partnerId, status, refId, secrets: await readSigningSecrets(db, partnerId) };
  }
}
