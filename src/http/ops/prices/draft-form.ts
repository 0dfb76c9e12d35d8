import type { PriceListDraft, PriceListRow } from '../../../db/prices/price-lists.ts';
import { formatMajorUnits, readMajorUnits } from '../../../domain/money.ts';
import { MAX_TIERS } from '../../../domain/price-list.ts';
import { AppError, type FieldProblem } from '../../../errors.ts';
import { textIn } from '../../console/form.ts';
import { newPriceListSchema, toDraft } from '../../fields/price-schemas.ts';
import { readWith, refuseFields } from '../../fields/read-with.ts';

/** What stands in the form of a draft, as it was typed; amounts are in major units. */
export type DraftForm = {
  rows: { from: string; amount: string }[];
  counts: string;
  period: string;
  time_zone: string;
  /** A day of that time zone; '' begins at once. */
  starts: string;
  partner_id: string;
  /** Of the preview: days of that time zone, both included. */
  preview_from: string;
  preview_to: string;
};

const USUAL_ROWS = 4;
const FURTHER_ROWS = 4;

/** The form with a list in it to go on from. */
export function formOfList(
  list: Pick<PriceListRow, 'tiers' | 'counts' | 'period' | 'time_zone' | 'currency'>,
  { partnerId = '' }: { partnerId?: string } = {},
): DraftForm {
  const { tiers, counts, period, time_zone, currency } = list;
  const rows = tiers.map(({ from, amount }) => ({ from: String(from), amount: formatMajorUnits(amount, currency) }));
  const rest = { starts: '', partner_id: partnerId, preview_from: '', preview_to: '' };
  return { rows: withEmptyRows(rows, 2), counts, period, time_zone, ...rest };
}

export function readDraftForm(body: unknown): DraftForm {
  const textOf = (name: string) => textIn(body, name).trim();
  const rows = Array.from({ length: MAX_TIERS }, (_, index) => ({
    from: index === 0 ? '0' : textOf(`from.${index}`),
    amount: textOf(`amount.${index}`),
  }));
  const used = rows.findLastIndex((row, index) => index > 0 && (row.from !== '' || row.amount !== '')) + 1;
  const given = rows.slice(0, Math.max(used, 1));
  return {
    rows: withEmptyRows(given, textOf('more') === '' ? 0 : FURTHER_ROWS),
    ...{ counts: textOf('counts'), period: textOf('period'), time_zone: textOf('time_zone') },
    ...{ starts: textOf('starts'), partner_id: textOf('partner_id') },
    ...{ preview_from: textOf('preview_from'), preview_to: textOf('preview_to') },
  };
}

function withEmptyRows(rows: DraftForm['rows'], further: number): DraftForm['rows'] {
  const wanted = Math.min(MAX_TIERS, Math.max(USUAL_ROWS, rows.length + further));
  return Array.from({ length: wanted }, (_, index) => rows[index] ?? { from: '', amount: '' });
}

/**
 * The draft that a form says, in the currency of its offer. Rows that are left empty are none.
 * @throws AppError `invalid` that names the fields of the form
 */
export function draftOf(form: DraftForm, currency: string): PriceListDraft {
  const rows = form.rows.map((row, index) => ({ ...row, index })).filter(isFilled);
  const problems = rows.flatMap((row) => problemsOf(row, currency));
  if (problems.length > 0) throw refuseFields(problems);
  try {
    const { counts, period, time_zone, starts, partner_id } = form;
    return toDraft(
      readWith(newPriceListSchema, {
        ...{ currency, counts, period, time_zone },
        tiers: rows.map(({ from, amount }) => ({ from: Number(from), amount: readMajorUnits(amount, currency) })),
        ...(starts === '' ? {} : { effective_from: starts }),
        ...(partner_id === '' ? {} : { partner_id }),
      }),
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw refuseFields(error.problems.map(({ field, message }) => ({ field: fieldOf(field, rows), message })));
  }
}

function isFilled({ from, amount, index }: DraftForm['rows'][number] & { index: number }): boolean {
  return index === 0 || from !== '' || amount !== '';
}

function problemsOf({ from, amount, index }: DraftForm['rows'][number] & { index: number }, currency: string) {
  const problems: FieldProblem[] = [];
  if (!/^\d{1,9}$/.test(from))
    problems.push({ field: `from.${index}`, message: 'must be a whole number, such as 100' });
  if (readMajorUnits(amount, currency) === undefined) {
    problems.push({ field: `amount.${index}`, message: `must be an amount of ${currency}, such as 12.50` });
  }
  return problems;
}

/** The field of the form for a field of the API; what no row is about stands above them all. */
function fieldOf(field: string, rows: { index: number }[]): string {
  const [name, position, part] = field.split('.');
  if (name === 'effective_from') return 'starts';
  if (name !== 'tiers' || position === undefined || part === undefined) return name ?? '';
  return `${part}.${rows[Number(position)]?.index ?? 0}`;
}
