import assert from 'node:assert/strict';
import type { Entry } from '../journal.ts';
import { WINDOW_SECONDS } from '../network.ts';
import type { Facts } from './facts.ts';
import { at, rightEntries, rightFacts, time } from './right-trial.ts';
import { recountWindow } from './window.ts';

const RECORDED = 'statuses in the window of their lead, or accepted late';
const REFUSED = 'refused statuses, each after the window of its lead';
const KEPT = 'statuses that were refused as too late, and are kept';
// The lead of conversion f has nothing but a click at the beginning.
const TOO_LATE = WINDOW_SECONDS + 10;

describe('the recount of the window', () => {
  let facts: Facts;
  let entries: Entry[];

  beforeEach(() => {
    facts = rightFacts();
    entries = rightEntries();
    refuseRejection();
  });

  it('finds nothing when a late status is refused, kept, and perhaps accepted', () => {
    assert.deepEqual(wrong(), []);
    acceptRejection();
    assert.deepEqual(wrong(), []);
  });

  it('sees a late status that was recorded although nobody accepted it', () => {
    acceptRejection();
    facts.calls.at(-1)!.result = 'recorded';
    facts.calls.push(refusedCall());
    assert.deepEqual(wrong(), [RECORDED]);
  });

  it('sees one that counts as accepted late in its window, and one that no call explains', () => {
    facts.calls[0]!.result = 'accepted_late';
    assert.deepEqual(wrong(), [RECORDED, REFUSED]);
    facts.calls.shift();
    assert.deepEqual(wrong(), [RECORDED]);
  });

  it('sees one that was refused too soon, and one that was not kept', () => {
    facts.calls.at(-1)!.at = time(TOO_LATE - 30);
    assert.deepEqual(wrong(), [REFUSED]);
    facts.calls.pop();
    assert.deepEqual(wrong(), [KEPT]);
  });

  function wrong(): string[] {
    const findings = recountWindow({ entries, add: () => undefined }, facts);
    return findings.filter((finding) => finding.wrong.length > 0).map(({ what }) => what);
  }

  function refuseRejection(): void {
    facts.calls.push(refusedCall());
    const status = { type: 'status' as const, conversionId: 'f', status: 'rejected' as const };
    entries.push({ ...status, at: at(TOO_LATE), result: 'window_closed' });
  }

  function acceptRejection(): void {
    const events = facts.eventsByLead.get('by file')!;
    events.push({ ...events[1]!, seq: 3, at: time(TOO_LATE + 5), status: 'rejected' });
    Object.assign(facts.calls.at(-1)!, { result: 'accepted_late', lead_id: 'by file', seq: 3 });
  }
});

function refusedCall(): Facts['calls'][number] {
  return {
    ...{ call_id: 9, at: time(TOO_LATE), conversion_id: 'f', status: 'rejected', result: 'window_closed' },
    ...{ import_id: null, row_number: null, lead_id: null, seq: null },
  };
}
