import type { Status } from '../../../src/domain/status.ts';
import { latestOf } from '../exporter.ts';
import { entriesOf, type Journal } from '../journal.ts';
import type { Facts, PullRow } from './facts.ts';
import { compare, type Finding } from './findings.ts';
import { bookedRows, findWrongEvents, judgeRows, keyOfRow, type ImportedRow } from './rows.ts';

/** An export that was imported, and what it said of each conversion, in the order of its rows. */
type ImportedExport = { pull: PullRow; importId: string; version: number; says: Map<string, Status> };

/**
 * What an advertiser's export has said is booked, once, in the order in which its versions were pulled: of each only what
 * the one before did not say. In the end its last version is there.
 */
export function recountPulls(journal: Journal, facts: Facts): Finding[] {
  const listed = entriesOf(journal, 'listed');
  const exports = facts.pulls.flatMap((pull): ImportedExport[] => {
    const { result, import_id: importId } = pull;
    if (result !== 'imported' || importId === null) return [];
    const version = Number(pull.etag?.replaceAll('"', ''));
    return [{ pull, importId, version, says: latestOf(listed.slice(0, version)) }];
  });
  const booked = bookedRows(facts, new Set(exports.map(({ importId }) => importId)));
  const latest = new Map<string, Status>();
  const judged = exports.flatMap((each, index) => judgeRows(findNews(each, exports[index - 1]), { latest, booked }));
  return [
    { what: 'exports imported to their last row, none before an older one', ...findWrongImports(exports, facts) },
    compare('rows of exports that say something new, each booked once', judged, booked, keyOfRow),
    { what: 'conversions reported by exports, with just these statuses', ...findWrongEvents(judged, facts) },
    findUnheard(latestOf(listed), exports.at(-1)),
  ];
}

/** Rows are numbered from 1. */
function findNews({ importId, says }: ImportedExport, before: ImportedExport | undefined): ImportedRow[] {
  const rows = [...says].map(([conversionId, status], index) => ({ importId, row: index + 1, conversionId, status }));
  return rows.filter(({ conversionId, status }) => before?.says.get(conversionId) !== status);
}

function findWrongImports(exports: ImportedExport[], { imports }: Facts): { counted: number; wrong: string[] } {
  const wrong = exports.flatMap(({ pull, importId, version, says }, index) => {
    const is = imports.get(importId);
    const isWhole = is?.state === 'done' && is.rows === says.size && is.done_rows === says.size;
    const isOlder = version < (exports[index - 1]?.version ?? 0);
    return isWhole && !isOlder
      ? []
      : [`${pull.pull_id}: ${says.size} rows of version ${version}: ${JSON.stringify(is)}`];
  });
  return { counted: exports.length, wrong };
}

function findUnheard(says: Map<string, Status>, last: ImportedExport | undefined): Finding {
  const unheard = [...says].filter(([conversionId, status]) => last?.says.get(conversionId) !== status);
  return {
    what: 'conversions as the export told of them in the end',
    counted: says.size,
    wrong: unheard.map(([conversionId, status]) => `${conversionId} is ${status}, which was not pulled`),
  };
}
