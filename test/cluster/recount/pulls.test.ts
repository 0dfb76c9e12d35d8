import assert from 'node:assert/strict';
import type { Status } from '../../../src/domain/status.ts';
import type { Entry } from '../journal.ts';
import type { CallRow, EventRow, Facts } from './facts.ts';
import { recountPulls } from './pulls.ts';
import { at, rightFacts, time } from './right-trial.ts';

const IMPORTS = 'exports imported to their last row, none before an older one';
const ROWS = 'rows of exports that say something new, each booked once';
const EVENTS = 'conversions reported by exports, with just these statuses';
const LAST = 'conversions as the export told of them in the end';

describe('the recount of pulls', () => {
  let facts: Facts;
  let entries: Entry[];

  // An export tells of two conversions, and later of one of them something else.
  beforeEach(() => {
    entries = [listed('v', 'pending'), listed('w', 'rejected'), listed('v', 'approved')];
    facts = { ...rightFacts(), imports: new Map(), calls: [], pulls: [], eventsByLead: new Map() };
    imported('i1', { version: 2, rows: 2 });
    imported('i2', { version: 3, rows: 2 });
    facts.pulls.push({ pull_id: 'failed', result: 'failed', import_id: null, etag: null });
    facts.calls.push(rowOf('i1', 1, 'v', 'pending'), rowOf('i1', 2, 'w', 'rejected'), rowOf('i2', 1, 'v', 'approved'));
    facts.eventsByLead.set('lead', [event('v', 'pending'), event('w', 'rejected'), event('v', 'approved')]);
  });

  it('finds nothing when what was new in each is booked once', () => {
    assert.deepEqual(wrong(), []);
  });

  it('sees a row that is missing, booked twice, or booked although the export only says it again', () => {
    facts.calls.pop();
    assert.deepEqual(wrong(), [ROWS]);
    facts.calls.push(rowOf('i2', 1, 'v', 'approved'), rowOf('i2', 1, 'v', 'approved'));
    assert.deepEqual(wrong(), [ROWS]);
    facts.calls.pop();
    facts.calls.push({ ...rowOf('i2', 2, 'w', 'rejected'), result: 'duplicate' });
    assert.deepEqual(wrong(), [ROWS]);
  });

  it('sees an import that is not whole, and one of an older version', () => {
    facts.imports.get('i2')!.done_rows = 1;
    assert.deepEqual(wrong(), [IMPORTS]);
    facts.imports.get('i2')!.done_rows = 2;
    facts.pulls.reverse();
    assert.ok(wrong().includes(IMPORTS));
  });

  it('sees a status that no export has told, and one that it told in the end and nobody has pulled', () => {
    facts.eventsByLead.get('lead')!.push(event('w', 'approved'));
    assert.deepEqual(wrong(), [EVENTS]);
    facts.eventsByLead.get('lead')!.pop();
    entries.push(listed('w', 'approved'));
    assert.deepEqual(wrong(), [LAST]);
  });

  it('allows a row that came too late, and no event of it', () => {
    facts.calls.at(-1)!.result = 'window_closed';
    assert.deepEqual(wrong(), [EVENTS]);
    facts.eventsByLead.get('lead')!.pop();
    assert.deepEqual(wrong(), []);
  });

  function wrong(): string[] {
    const findings = recountPulls({ entries, add: () => undefined }, facts);
    return findings.filter((finding) => finding.wrong.length > 0).map(({ what }) => what);
  }

  function imported(import_id: string, { version, rows }: { version: number; rows: number }): void {
    facts.pulls.push({ pull_id: import_id, result: 'imported', import_id, etag: `"${version}"` });
    const counts = { recorded: 0, duplicate: 0, stale: 0, ignored: 0, refused: 0 };
    facts.imports.set(import_id, { import_id, state: 'done', rows, done_rows: rows, ...counts });
  }
});

function listed(conversionId: string, status: Status): Entry {
  return { at: at(1), type: 'listed', conversionId, status };
}

function rowOf(import_id: string, row_number: number, conversion_id: string, status: Status): CallRow {
  const call = { call_id: 1, at: time(2), result: 'recorded', lead_id: 'lead', seq: 1 };
  return { ...call, import_id, row_number, conversion_id, status };
}

function event(conversion_id: string, status: Status): EventRow {
  const [, status_event] = rightFacts().eventsByLead.get('by file')!;
  return { ...status_event!, conversion_id, status };
}
