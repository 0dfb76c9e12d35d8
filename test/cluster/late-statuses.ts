import type { Status } from '../../src/domain/status.ts';
import type { Journal, StatusEntry } from './journal.ts';
import type { Ops } from './ops.ts';

type Told = { conversionId: string; status: Status };
type KeptCall = { call_id: number; status: Status | null };
type Accepted = { result: StatusEntry['result'] | 'accepted_late' };

/**
 * Ops accept a status that was refused because the window of its lead has ended. Where it was called in again, one of the
 * calls that are kept of it is accepted.
 */
export async function acceptLate(ops: Ops, journal: Journal, told: Told): Promise<void> {
  const { conversionId, status } = told;
  const kept = await findKeptCall(ops, told);
  if (!kept) return journal.add({ type: 'odd', what: `ops do not find the late ${status} of ${conversionId}` });
  journal.add({ type: 'asked', conversionId, status });
  const path = `/status-calls/${kept.call_id}`;
  const accepted =
    (await ops.ask<Accepted>({ method: 'post', path: `${path}/accept`, isOnce: true })) ??
    (await ops.ask<Accepted>({ method: 'get', path }));
  if (!accepted) return;
  const { result } = accepted;
  journal.add({ type: 'status', conversionId, status, result: result === 'accepted_late' ? 'recorded' : result });
}

async function findKeptCall(ops: Ops, { conversionId, status }: Told): Promise<KeptCall | undefined> {
  const query = new URLSearchParams({ conversion_id: conversionId, result: 'window_closed' });
  const page = await ops.ask<{ items: KeptCall[] }>({ method: 'get', path: `/status-calls?${query.toString()}` });
  return page?.items.find((call) => call.status === status);
}
