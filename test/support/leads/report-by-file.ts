import { bulkRankOf } from '../../../src/db/outbox.ts';
import { recordStatuses } from '../../../src/db/statuses/record-statuses.ts';
import type { Status } from '../../../src/domain/status.ts';
import { newImportId } from '../../../src/new-ids.ts';
import type { Network } from '../network-in-database.ts';
import { policy } from '../policy.ts';

/** Records a status as a row of a file that has brought so many before. */
export async function reportByFile(
  network: Network,
  conversionId: string,
  status: Status,
  { broughtBefore = 0 } = {},
): Promise<void> {
  const { db, advertiserId } = network;
  const report = {
    advertiserId,
    conversionId,
    word: status,
    meaning: status,
    reason: null,
    transactionId: null,
    raw: { method: 'IMPORT', query: {}, body: { conversion_id: conversionId, status } },
    source: 'import' as const,
    importRow: { importId: newImportId(), rowNumber: 1 },
    eventAt: null,
    notify: true,
    callId: null,
    isAcceptedLate: false,
  };
  const options = { windowMs: policy.windowMs, bulkRank: bulkRankOf(broughtBefore) };
  await db.transaction((trx) => recordStatuses(trx, [report], options));
}
