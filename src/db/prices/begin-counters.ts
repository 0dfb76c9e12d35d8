import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { CountedBy } from '../../domain/price-list.ts';
import { periodOf } from '../../domain/price-period.ts';
import { AppError } from '../../errors.ts';
import { isBlocked, isLockHeld } from '../sqlstate.ts';
import { kindOf, lockCounters, type CounterKind } from './approval-counters.ts';
import { dayStart } from '../day-start.ts';

/** Whose approvals are counted: one offer's, and those of all offers of its advertiser. */
export type Counted = { offerId: string; advertiserId: string };

/** No transaction that writes statuses lasts as long, so nothing older than this can still come. */
const SETTLED_AFTER = `interval '1 hour'`;

// On a busy machine an approval may last longer than the change may wait for it. Between two attempts those that wait for the
// change get in: also where it is part of a longer transaction, each is a savepoint, and gives back what it has locked.
const ATTEMPTS = 4;
const PAUSE_MS = 100;

type Count = { kind: CounterKind; periodStart: string; approved: number };

/**
 * Lets `work` change what is counted and how an advertiser's offers are priced: it runs in one transaction while none
 * of its approvals is under way, and the counters of `kinds` are kept from then on. They begin with what the facts say.
 * What takes long is counted before, so that approvals wait for no more than the last hour to be counted.
 * @param work gets the moment from which on the change holds; ISO 8601
 * @throws AppError `unavailable` when approvals do not let it in within some seconds
 */
export async function whileNothingIsApproved<T>(
  db: Knex,
  { counted, kinds }: { counted: Counted; kinds: CounterKind[] },
  work: (trx: Knex, now: string) => Promise<T>,
): Promise<T> {
  const begunAt = await readClock(db);
  const longAgo: Count[] = [];
  for (const kind of kinds.map(kindOf)) {
    const periodStart = periodOf(begunAt, kind);
    const before = `at < :begunAt::timestamptz - ${SETTLED_AFTER}`;
    longAgo.push({
      kind,
      periodStart,
      approved: await countFacts(db, before, { counted, kind, periodStart, begunAt }),
    });
  }
  return await whenLetIn(counted, () =>
    db.transaction(async (trx) => {
      await lockCounters(trx, counted.advertiserId);
      const now = await readClock(trx);
      for (const count of longAgo) await beginCounter(trx, count, { counted, begunAt, now });
      return await work(trx, now);
    }),
  );
}

async function whenLetIn<T>({ advertiserId }: Counted, change: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await change();
    } catch (cause) {
      if (!isBlocked(cause)) throw cause;
      if (!isLockHeld(cause) || attempt === ATTEMPTS) {
        const why = `Statuses of advertiser ${advertiserId} are being recorded and did not make room for the change`;
        throw new AppError('unavailable', `${why}; nothing was changed: try again shortly.`, { cause });
      }
      await delay(PAUSE_MS);
    }
  }
}

/** In milliseconds, like every moment that is compared with it. */
export async function readClock(db: Knex): Promise<string> {
  const { rows } = await db.raw<{ rows: [{ now: string }] }>('select clock_timestamp() as now');
  return rows[0].now;
}

/** One that is kept already stays as it is. A period that has begun meanwhile is counted anew. */
async function beginCounter(
  trx: Knex,
  { kind, ...longAgo }: Count,
  { counted, begunAt, now }: { counted: Counted; begunAt: string; now: string },
): Promise<void> {
  const [counter] = await trx('approval_counters')
    .insert({
      counts: kind.counts,
      counted_id: idOf(counted, kind.counts),
      period: kind.period,
      time_zone: kind.timeZone,
    })
    .onConflict()
    .ignore()
    .returning<{ counter_id: number }[]>('counter_id');
  if (!counter) return;
  const periodStart = periodOf(now, kind);
  const isSame = periodStart === longAgo.periodStart;
  const since = isSame ? `at >= :begunAt::timestamptz - ${SETTLED_AFTER}` : 'true';
  const recent = await countFacts(trx, since, { counted, kind, periodStart, begunAt });
  await trx('approval_counts').insert({
    counter_id: counter.counter_id,
    period_start: periodStart,
    approved: recent + (isSame ? longAgo.approved : 0),
  });
}

/** How many conversions were approved for the first time in a period, by the facts. */
async function countFacts(
  db: Knex,
  range: string,
  asked: { counted: Counted; kind: CounterKind; periodStart: string; begunAt: string },
): Promise<number> {
  const { counts, period, timeZone } = asked.kind;
  const { rows } = await db.raw<{ rows: [{ approved: number }] }>(
    `select count(*) as approved from lead_events
     where ${counts}_id = :countedId and type = 'status' and status = 'approved' and is_reapproval is null
       and ${period === 'all' ? 'true' : `at >= ${dayStart(':periodStart')}`} and ${range}`,
    {
      countedId: idOf(asked.counted, counts),
      periodStart: asked.periodStart,
      timeZone,
      begunAt: asked.begunAt,
    },
  );
  return rows[0].approved;
}

function idOf({ offerId, advertiserId }: Counted, counts: CountedBy): string {
  return counts === 'advertiser' ? advertiserId : offerId;
}
