import type { Knex } from 'knex';
import { createAdvertiser } from '../../src/db/advertisers.ts';
import { createOffer } from '../../src/db/offers.ts';
import { createPartner } from '../../src/db/partners.ts';
import { connectClickPool } from '../../src/db/connect.ts';
import type { PostbackSettings } from '../../src/domain/postbacks/postback-settings.ts';
import { readTouch } from '../../src/intake/touch.ts';
import { createClickIntake } from '../../src/intake/click.ts';
import { newConversionId, newLeadId } from '../../src/new-ids.ts';
import { createStatusIntake, type StatusAnswer } from '../../src/intake/status.ts';
import type { TestDatabase } from './database.ts';
import { policy } from './policy.ts';

// Far longer than in production: how busy the machine is decides about no test. One that is about these limits makes an intake
// of its own.
const ANSWER_WITHIN_MS = 60_000;
// What a test holds for longer is freed by Postgres.
const LOCK_WITHIN_MS = 10_000;

/** An affiliate network in a database: partners, an advertiser, an offer, and the doors through which facts enter. */
export type Network = Awaited<ReturnType<typeof createNetwork>>;

export async function createNetwork({ db, url }: TestDatabase, { windowMs = policy.windowMs } = {}) {
  const pool = connectClickPool({ url, statementTimeoutMs: 5000 });
  const clicks = createClickIntake({ pool, answerWithinMs: ANSWER_WITHIN_MS });
  const statuses = createStatusIntake({
    db,
    windowMs,
    answerWithinMs: ANSWER_WITHIN_MS,
    lockWithinMs: LOCK_WITHIN_MS,
  });
  const { advertiser, token } = await createAdvertiser(db, { name: 'Bank' });
  const advertiserId = advertiser.advertiser_id;
  const { offer_id: offerId } = await createOffer(db, {
    advertiser_id: advertiserId,
    name: 'Card',
    url: 'https://bank.example/?click={conversion_id}',
    reward: { amount: 1250, currency: 'USD' },
  });

  async function touch(leadId: string, partnerId: string, givenRefId?: string): Promise<void> {
    await clicks.record({ leadId, touch: readTouch(partnerId, givenRefId), conversion: null });
  }

  async function convert(leadId: string): Promise<string> {
    const conversionId = newConversionId();
    await clicks.record({ leadId, touch: null, conversion: { conversionId, offerId, advertiserId } });
    return conversionId;
  }

  return {
    db,
    pool,
    clicks,
    statuses,
    advertiserId,
    advertiserToken: token,
    offerId,

    async partner(postback: PostbackSettings | null = null): Promise<string> {
      return (await createPartner(db, { name: 'Partner', postback })).partner.partner_id;
    },
    newLead: newLeadId,
    touch,
    convert,
    /** A lead that came by a partner's link, or to the house's own wall, and then clicked the offer. */
    async aLead(partnerId: string | null, refId: string | null = 'click-1') {
      const leadId = newLeadId();
      if (partnerId !== null) await touch(leadId, partnerId, refId ?? undefined);
      return { leadId, conversionId: await convert(leadId) };
    },
    async report(conversionId: string, word: string, reason: string | null = null): Promise<StatusAnswer> {
      const answer = await statuses.record({
        advertiserId,
        conversionId,
        word,
        reason,
        transactionId: null,
        raw: {
          method: 'GET',
          query: { conversion_id: conversionId, status: word, ...(reason && { reason }) },
          body: null,
        },
      });
      if (answer.result === 'ignored') throw new Error(`${word} was ignored.`);
      return answer;
    },
    async close(): Promise<void> {
      await pool.end();
      await db.destroy();
    },
  };
}

/** Everything a test may want to know about a conversion's postbacks, oldest first. */
export async function postbacksOf(db: Knex, conversionId: string) {
  return await db('postbacks').where({ conversion_id: conversionId }).orderBy(['seq', 'created_at']).select<
    {
      postback_id: string;
      partner_id: string | null;
      status: string;
      state: string;
      skip_reason: string | null;
      reason: string | null;
    }[]
  >('postback_id', 'partner_id', 'status', 'state', 'skip_reason', 'reason');
}

export async function attemptsOf(db: Knex, postbackId: string) {
  return await db('postback_attempts')
    .where({ postback_id: postbackId })
    .orderBy('attempt')
    .select<{ attempt: number; url: string; outcome: string; http_status: number | null; error: string | null }[]>(
      'attempt',
      'url',
      'outcome',
      'http_status',
      'error',
    );
}

export async function rewardsOf(db: Knex, conversionId: string) {
  return await db('reward_entries')
    .where({ conversion_id: conversionId })
    .orderBy('seq')
    .select<{ partner_id: string; kind: string; amount: number; price_version: number }[]>(
      'partner_id',
      'kind',
      'amount',
      'price_version',
    );
}
