// What a partner may know of its own postbacks. Each statement names the partner, so that no row of another comes along.
import type { Knex } from 'knex';
import { linkPartners } from '../../domain/attribution.ts';
import type { RefIdProblem } from '../../domain/ref-id.ts';
import { readDecidingTouches } from '../lead-events.ts';
import { ATTEMPT_COLUMNS, POSTBACK_COLUMNS, type AttemptRow, type PostbackRow } from './conversion-facts.ts';
import type { Page } from './pages.ts';
import { listPostbacks, type ListedPostback, type PostbackQuery } from './postback-list.ts';
import { inOneSnapshot } from './snapshot.ts';

/** A postback of a partner, and what that partner may know of why it is as it is. */
export type PartnerPostbackFacts = {
  postback: PostbackRow;
  attempts: AttemptRow[];
  /** The next postback to the same partner about a newer status of the same conversion. */
  newer: Pick<PostbackRow, 'postback_id' | 'status'> | null;
  /** R5: what was wrong with the ref_id of its visit. */
  refIdProblem: RefIdProblem | null;
};

/** How the latest attempt ended; all are null while it runs. */
export type LastAttempt = Pick<AttemptRow, 'started_at' | 'outcome' | 'duration_ms' | 'http_status' | 'error'> & {
  /** Of the latest attempt that delivered, which may be an earlier one: hostile text. */
  delivered_body: string | null;
};

/** A line of the delivery log; `last_attempt` is null before the first. */
export type PartnerListedPostback = Omit<ListedPostback, 'lead_id' | 'seq' | 'partner_id'> & {
  last_attempt: LastAttempt | null;
};

/** A partner's postbacks, the newest first. */
export async function listPartnerPostbacks(
  db: Knex,
  { partnerId, ...query }: Omit<PostbackQuery, 'partner_id' | 'advertiser_id' | 'offer_id'> & { partnerId: string },
): Promise<Page<PartnerListedPostback>> {
  const { rows, next } = await listPostbacks(db, { ...query, partner_id: partnerId });
  const attempts = await readLastAttempts(db, rows);
  const listed = rows.map((row) => ({ ...withoutLead(row), last_attempt: attempts.get(row.postback_id) ?? null }));
  return { rows: listed, next };
}

/** @returns undefined when the partner has no such postback */
export async function readPartnerPostback(
  db: Knex,
  { partnerId, postbackId }: { partnerId: string; postbackId: string },
): Promise<PartnerPostbackFacts | undefined> {
  return await inOneSnapshot(db, async (trx) => {
    const own = await trx('postbacks')
      .where({ postback_id: postbackId, partner_id: partnerId })
      .first<{ conversion_id: string } | undefined>('conversion_id');
    if (!own) return undefined;
    const all = await readPostbacksOfConversion(trx, { partnerId, conversionId: own.conversion_id });
    return all.find(({ postback }) => postback.postback_id === postbackId);
  });
}

/** All postbacks of one conversion to one partner, in the order of their statuses. */
export async function readPostbacksOfConversion(
  trx: Knex,
  { partnerId, conversionId }: { partnerId: string; conversionId: string },
): Promise<PartnerPostbackFacts[]> {
  const postbacks = await trx('postbacks')
    .where({ conversion_id: conversionId, partner_id: partnerId })
    .orderBy('seq')
    .select<PostbackRow[]>(POSTBACK_COLUMNS);
  const attempts = await trx('postback_attempts')
    .whereIn(
      'postback_id',
      postbacks.map((postback) => postback.postback_id),
    )
    .orderBy(['postback_id', 'attempt'])
    .select<AttemptRow[]>(ATTEMPT_COLUMNS);
  const problems = await readRefIdProblems(trx, postbacks);
  return postbacks.map((postback, index) => ({
    postback,
    attempts: attempts.filter((attempt) => attempt.postback_id === postback.postback_id),
    newer: newerOf(postbacks[index + 1]),
    refIdProblem: problems.get(postback.postback_id) ?? null,
  }));
}

function newerOf(next: PostbackRow | undefined): PartnerPostbackFacts['newer'] {
  return next ? { postback_id: next.postback_id, status: next.status } : null;
}

/** By the touch that each was settled with. */
async function readRefIdProblems(trx: Knex, postbacks: PostbackRow[]): Promise<Map<string, RefIdProblem | null>> {
  const withoutRefId = postbacks.filter((postback) => postback.skip_reason === 'no_ref_id');
  const [first] = withoutRefId;
  if (!first) return new Map();
  const settled = await trx('settlements')
    .where({ conversion_id: first.conversion_id })
    .whereIn(
      'seq',
      withoutRefId.map(({ seq }) => seq),
    )
    .select<{ seq: number; touch_seq: number }[]>('seq', 'touch_seq');
  const seqs = settled.map((row) => row.touch_seq + 1);
  const touches = await readDecidingTouches(trx, { leadId: first.lead_id, seqs });
  return new Map(
    withoutRefId.map(({ postback_id, seq }) => {
      const touchSeq = settled.find((row) => row.seq === seq)?.touch_seq ?? 0;
      return [postback_id, linkPartners(touches.get(touchSeq + 1) ?? [])?.refIdProblem ?? null];
    }),
  );
}

async function readLastAttempts(db: Knex, postbacks: ListedPostback[]): Promise<Map<string, LastAttempt>> {
  const ids = postbacks.filter(({ attempts }) => attempts > 0).map((postback) => postback.postback_id);
  if (ids.length === 0) return new Map();
  const { rows } = await db.raw<{ rows: (LastAttempt & { postback_id: string })[] }>(
    `select last.*, delivered.response_body as delivered_body from unnest(:ids::text[]) as of_page (postback_id)
     cross join lateral (
       select postback_id, started_at, outcome, duration_ms, http_status, error
       from postback_attempts a where a.postback_id = of_page.postback_id order by attempt desc limit 1
     ) last
     left join lateral (
       select response_body from postback_attempts a
       where a.postback_id = of_page.postback_id and outcome = 'delivered' order by attempt desc limit 1
     ) delivered on true`,
    { ids },
  );
  return new Map(rows.map(({ postback_id, ...attempt }) => [postback_id, attempt]));
}

function withoutLead(row: ListedPostback): Omit<ListedPostback, 'lead_id' | 'seq' | 'partner_id'> {
  const rest: Partial<ListedPostback> = { ...row };
  delete rest.lead_id;
  delete rest.seq;
  delete rest.partner_id;
  return rest as Omit<ListedPostback, 'lead_id' | 'seq' | 'partner_id'>;
}
