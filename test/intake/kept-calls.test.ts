import assert from 'node:assert/strict';
import type { KeptStatusCall } from '../../src/db/statuses/kept-calls.ts';
import { PLAIN_VOCABULARY } from '../../src/domain/vocabulary.ts';
import { toReport } from '../../src/intake/kept-calls.ts';

describe('a row of a file that is judged again', () => {
  const meaningAt = (event_time: unknown) => {
    const kept: KeptStatusCall = {
      ...{ callId: 1, advertiserId: 'bank', conversionId: 'c1', word: 'approved', transactionId: null },
      raw: { method: 'IMPORT', query: {}, body: { conversion_id: 'c1', status: 'approved', event_time } },
      ...{ result: 'malformed', source: 'import', at: '2026-01-31T09:15:00.000Z', eventAt: null, notify: true },
    };
    return toReport(kept, PLAIN_VOCABULARY).meaning;
  };

  it('stays malformed when its own time cannot be read', () => {
    for (const time of ['yesterday', '2026-01-31', {}, true]) assert.equal(meaningAt(time), 'malformed');
    for (const time of ['2026-01-31T09:15:00Z', '', undefined, null]) assert.equal(meaningAt(time), 'approved');
  });
});
