import { periodOf } from '../../domain/price-period.ts';
import type { StatusReport } from '../../domain/status-report.ts';
import type { Asks } from '../pipelined.ts';
import { keyOf, lockUnheldCounts, type CountKey } from '../prices/approval-counters.ts';
import { conversionKey, type LockedConversions } from './lock-conversions.ts';

/**
 * Adds to `locked.held` the conversions whose approval would have to wait for another one to be counted: approvals of an
 * advertiser that has very many wait for each other, and for them nobody else does. All reports on such a conversion are
 * left, so that they keep their order.
 */
export async function leaveHeldCounts(
  trx: Asks,
  reports: readonly StatusReport[],
  locked: LockedConversions,
): Promise<void> {
  const keys = new Map<string, CountKey[]>();
  for (const { advertiserId, conversionId, meaning } of reports) {
    if (meaning !== 'approved') continue;
    const key = conversionKey(advertiserId, conversionId ?? '');
    const conversion = locked.conversions.get(key);
    if (!conversion?.counters || conversion.status === 'approved') continue;
    if (locked.held.has(key)) continue;
    keys.set(
      key,
      conversion.counters.map((counter) => ({
        counterId: counter.counterId,
        periodStart: periodOf(locked.now, counter),
      })),
    );
  }
  const unique = new Map([...keys.values()].flat().map((key) => [keyOf(key), key]));
  if (unique.size === 0) return;
  const held = await lockUnheldCounts(trx, [...unique.values()]);
  for (const [key, counts] of keys) {
    if (counts.some((count) => held.has(keyOf(count)))) locked.held.set(key, 'count_held');
  }
}
