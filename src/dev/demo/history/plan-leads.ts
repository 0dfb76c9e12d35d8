import type { Status } from '../../../domain/status.ts';
import type { Random } from './random.ts';

export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;
export const DAYS = 6;

export type PlannedTouch = { at: number; partnerId: string; givenRefId: string | undefined };
export type PlannedStatus = { at: number; status: Status; reason: string | null };

/** What became of one visitor; times in milliseconds, in their order. */
export type PlannedLead = {
  touches: PlannedTouch[];
  conversion: { at: number; offerId: string; statuses: PlannedStatus[] } | null;
};

export type Cast = { now: number; partnerId: string; rivalId: string; offerIds: readonly string[] };

/** When the partner's tracker was down. */
export const OUTAGE = { beganBeforeMs: 30 * HOUR_MS, lastedMs: 3.6 * HOUR_MS };

// Whatever happens is over by now: nothing of the history is still to be sent.
const QUIET_BEFORE_NOW_MS = 40 * MINUTE_MS;
const TOUCHES_PER_DAY = 110;
const SHARE = { converting: 0.42, judged: 0.8, pending: 0.6, rejected: 0.22, reversed: 0.04, lost: 0.1, again: 0.08 };
const REJECTIONS = ['duplicate application', 'identity not confirmed', 'outside the target group'];

/** Some days of a partner's visitors: fewer at night, some who come again, some whose ref_id cannot be used. */
export function planLeads(random: Random, cast: Cast): PlannedLead[] {
  const latest = cast.now - QUIET_BEFORE_NOW_MS;
  const visits = Array.from({ length: DAYS * TOUCHES_PER_DAY }, () =>
    Math.floor(latest - random.fraction() * DAYS * DAY_MS),
  );
  const planned = visits.filter((at) => random.isIn(livelinessAt(at))).map((at) => planLead(random, cast, at));
  return [...planned, ...planStagedLeads(random, cast)].sort((a, b) => beginOf(a) - beginOf(b));
}

function beginOf({ touches }: PlannedLead): number {
  return touches[0]?.at ?? 0;
}

/** What must be there whatever the hour: statuses in the outage, one that overtakes another in it, a lead that is lost. */
function planStagedLeads(random: Random, { now, partnerId, rivalId, offerIds }: Cast): PlannedLead[] {
  const stage = (
    at: number,
    statuses: [minutes: number, status: Status][],
    rivalAfterMinutes?: number,
  ): PlannedLead => ({
    touches: [
      { at, partnerId, givenRefId: `${random.id(10)}.${random.id(8)}` },
      ...(rivalAfterMinutes ? [{ at: at + rivalAfterMinutes * MINUTE_MS, partnerId: rivalId, givenRefId: 'r-1' }] : []),
    ],
    conversion: {
      at: at + MINUTE_MS,
      offerId: random.pick(offerIds),
      statuses: statuses.map(([minutes, status]) => ({ at: at + minutes * MINUTE_MS, status, reason: null })),
    },
  });
  const outage = now - OUTAGE.beganBeforeMs;
  return [
    stage(now - DAYS * DAY_MS + HOUR_MS, [[20, 'approved']]),
    stage(now - DAYS * DAY_MS + 12 * HOUR_MS, [
      [20, 'pending'],
      [200, 'approved'],
    ]),
    ...[0, 25, 50, 70, 95, 120, 150, 185].map((minutes) => stage(outage + minutes * MINUTE_MS, [[4, 'approved']])),
    ...[10, 60, 130].map((minutes) =>
      stage(outage + minutes * MINUTE_MS, [
        [5, 'pending'],
        [13, 'approved'],
      ]),
    ),
    ...[9, 26, 50].map((hours) =>
      stage(
        now - hours * HOUR_MS,
        [
          [3, 'pending'],
          [90, 'approved'],
        ],
        60,
      ),
    ),
  ];
}

/** The share of visits that people really make at this hour (UTC): most in the evening. */
function livelinessAt(at: number): number {
  const hour = (at % DAY_MS) / HOUR_MS;
  return 0.55 + 0.45 * Math.sin(((hour - 11) / 24) * 2 * Math.PI);
}

function planLead(random: Random, cast: Cast, at: number): PlannedLead {
  const latest = cast.now - QUIET_BEFORE_NOW_MS;
  const touches = [{ at, partnerId: cast.partnerId, givenRefId: planRefId(random) }];
  const again = at + 20 * MINUTE_MS + random.fraction() * 5 * HOUR_MS;
  if (random.isIn(SHARE.again) && again < latest)
    touches.push({ at: again, partnerId: cast.partnerId, givenRefId: undefined });
  const convertsAt = (touches.at(-1)?.at ?? at) + 15_000 + random.fraction() * 3 * MINUTE_MS;
  if (!random.isIn(SHARE.converting)) return { touches, conversion: null };
  const offerId = random.pick(cast.offerIds);
  const statuses = planStatuses(random, convertsAt).filter((status) => status.at < latest);
  const approval = statuses.find(({ status }) => status === 'approved');
  const isLost = approval && statuses[0]?.status === 'pending' && random.isIn(SHARE.lost);
  if (isLost) touches.push({ at: approval.at - 5 * MINUTE_MS, partnerId: cast.rivalId, givenRefId: 'rival-click' });
  return { touches, conversion: { at: convertsAt, offerId, statuses } };
}

function planRefId(random: Random): string | undefined {
  const kind = random.fraction();
  if (kind < 0.04) return undefined;
  // A UUID with its dashes is too long, and a macro that the tracker has not filled in is no id.
  if (kind < 0.06) return `${random.id(8)}-${random.id(4)}-4${random.id(3)}-a${random.id(3)}-${random.id(12)}`;
  if (kind < 0.08) return '{clickid}';
  return `${random.id(10)}.${random.id(8)}`;
}

function planStatuses(random: Random, convertedAt: number): PlannedStatus[] {
  if (!random.isIn(SHARE.judged)) return [];
  const statuses: PlannedStatus[] = [];
  let at = convertedAt + MINUTE_MS + random.fraction() * 40 * MINUTE_MS;
  if (random.isIn(SHARE.pending)) {
    statuses.push({ at, status: 'pending', reason: null });
    // Some decisions come within minutes, before a pending has reached a tracker that is down.
    at += random.isIn(0.25) ? 8 * MINUTE_MS : HOUR_MS + random.fraction() * 30 * HOUR_MS;
  }
  if (random.isIn(SHARE.rejected)) return [...statuses, { at, status: 'rejected', reason: random.pick(REJECTIONS) }];
  statuses.push({ at, status: 'approved', reason: null });
  if (!random.isIn(SHARE.reversed)) return statuses;
  return [...statuses, { at: at + 20 * HOUR_MS, status: 'rejected', reason: 'cancelled by the customer' }];
}
