import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { findConversionStatus } from '../../../db/statuses/kept-calls.ts';
import { statuses as statusWords } from '../../../domain/status.ts';
import { AppError } from '../../../errors.ts';
import type { StatusIntake } from '../../../intake/status.ts';
import { leadBack } from '../../console/console-pages.ts';
import { textIn } from '../../console/form.ts';
import { readWith } from '../../fields/read-with.ts';
import { statusByOpsSchema } from '../../fields/status-call-schemas.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { sendGiveStatus, type StatusForm } from './status-page.ts';

export type GiveStatusDeps = { db: Knex; statuses: Pick<StatusIntake, 'recordByOps'> };

const OPTIONS = [{ value: '', label: 'choose' }, ...statusWords.map((status) => ({ value: status, label: status }))];

/** A status that ops give themselves, with a reason. */
export function addGiveStatusPages(routes: Router, { db, statuses }: GiveStatusDeps): void {
  routes.get('/conversions/:id/status', needs('operate'), async (req, res) => {
    await show(res, req.params.id, { form: { status: '', reason: '', comment: '' }, errors: {} });
  });

  routes.post('/conversions/:id/status', needs('operate'), async (req, res) => {
    const conversionId = req.params.id;
    const form = readForm(req.body);
    try {
      const { comment = null, ...given } = readWith(statusByOpsSchema, {
        ...{ status: form.status, reason: form.reason },
        ...(form.comment.trim() !== '' && { comment: form.comment }),
      });
      const { status, result } = await statuses.recordByOps({ conversionId, ...given, comment }, actorOf(res));
      const text = result === 'recorded' ? `Recorded: it is ${status} now.` : `Nothing has changed: it is ${result}.`;
      leadBack(res, `/ops/conversions/${encodeURIComponent(conversionId)}`, text);
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== 'invalid') throw error;
      const errors = Object.fromEntries(error.problems.map(({ field, message }) => [field, message]));
      if (form.status === '') errors.status = 'choose one';
      await show(res, conversionId, { form, errors });
    }
  });

  async function show(
    res: Response,
    conversionId: string,
    { form, errors }: { form: StatusForm; errors: Record<string, string> },
  ): Promise<void> {
    const found = await findConversionStatus(db, { conversion_id: conversionId });
    if (!found) throw new AppError('unknown', `There is no conversion ${conversionId}.`);
    sendGiveStatus(
      res,
      { title: 'Give a status', status: Object.keys(errors).length > 0 ? 400 : 200 },
      { conversionId, current: found.status, form, errors, options: OPTIONS },
    );
  }
}

function readForm(body: unknown): StatusForm {
  return { status: textIn(body, 'status'), reason: textIn(body, 'reason'), comment: textIn(body, 'comment') };
}
