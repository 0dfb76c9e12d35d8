import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { asActor, partnerActor } from '../../../../db/audit.ts';
import { removeSigningSecrets, replaceLostSecret, rotateSigningSecret } from '../../../../db/keys/signing-secrets.ts';
import { leadBack } from '../../../console/console-pages.ts';
import { textIn } from '../../../console/form.ts';
import { sessionOf } from '../partner-session.ts';
import { KEEP_OLD, LOST } from './signing-part.ts';

type Deps = { db: Knex; show: (res: Response, newSecret: string | undefined) => Promise<void> };

/** The secrets by which a partner can tell that a postback is ours. */
export function addSigningPages(routes: Router, { db, show }: Deps): void {
  routes.post('/postbacks/signing', async (req, res) => {
    const asked = textIn(req.body, 'keep_old_for_seconds');
    const keepOldForSeconds = Number(KEEP_OLD.find(({ value }) => value === asked)?.value ?? 0);
    // Sent again by a reload, the form must not end the secret that the endpoint knows.
    const prefix = textIn(req.body, 'replaces');
    const { partnerId } = sessionOf(res);
    const replace = (trx: Knex) =>
      asked === LOST.value
        ? replaceLostSecret(trx, partnerId, prefix)
        : rotateSigningSecret(trx, partnerId, { keepOldForSeconds, prefix });
    const secret = await asActor(db, partnerActor(partnerId), replace);
    if (secret !== undefined) return await show(res, secret);
    leadBack(
      res,
      '/console/postbacks',
      'The secret has been replaced since that form was shown: nothing was changed. If you do not have the newest one, make another, and say so there.',
    );
  });
  routes.post('/postbacks/signing/remove', async (_req, res) => {
    const { partnerId } = sessionOf(res);
    await asActor(db, partnerActor(partnerId), (trx) => removeSigningSecrets(trx, partnerId));
    leadBack(res, '/console/postbacks', 'Your postbacks go unsigned from now on.');
  });
}
