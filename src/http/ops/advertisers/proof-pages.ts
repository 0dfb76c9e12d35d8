import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { lockAdvertiser, updateAdvertiser, type Advertiser } from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { listAdvertiserSecrets, rotateAdvertiserSecret } from '../../../db/keys/advertiser-secrets.ts';
import type { OriginProofs } from '../../../domain/origin-proofs.ts';
import { AppError } from '../../../errors.ts';
import { leadBack } from '../../console/console-pages.ts';
import { refusalOf, textIn } from '../../console/form.ts';
import { visitOf } from '../../console/session/visit.ts';
import { advertiserPatchSchema } from '../../fields/catalogue-schemas.ts';
import { readWith, refuseFields } from '../../fields/read-with.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { advertiserAt } from '../addresses.ts';
import { defineQuestion, defineSecret } from '../confirm-page.ts';
import { mayOf } from '../ops-page.ts';
import { keepOldFor, overlapChoice } from '../overlap-choice.ts';
import { findAdvertiser } from './find-advertiser.ts';
import { sendProofs, type ProofForm } from './proof-page.ts';

const sendQuestion = defineQuestion('advertisers');
const sendSecret = defineSecret('advertisers');

/** How an advertiser's calls prove where they come from, and by which secrets it signs them. */
export function addProofPages(routes: Router, { db }: { db: Knex }): void {
  routes.get('/advertisers/:id/proofs', async (req, res) => {
    await show(res, await findAdvertiser(db, req.params.id));
  });

  routes.post('/advertisers/:id/proofs', needs('admin'), async (req, res) => {
    const advertiser = await findAdvertiser(db, req.params.id);
    const form = readForm(req.body);
    try {
      const { proofs } = readWith(advertiserPatchSchema, { proofs: proofsOf(form) });
      await asActor(db, actorOf(res), async (trx) => {
        if (form.signature) await refuseWithoutSecret(trx, advertiser.advertiser_id);
        await updateAdvertiser(trx, advertiser.advertiser_id, { proofs });
      });
      leadBack(res, advertiserAt(advertiser.advertiser_id), 'Saved: calls are judged by it from now on.');
    } catch (error) {
      const { status, errors } = refusalOf(error);
      await show(res, advertiser, { status, form, errors: byFormField(errors) });
    }
  });

  routes.get('/advertisers/:id/signing-secret', needs('admin'), async (req, res) => {
    const advertiser = await findAdvertiser(db, req.params.id);
    const { advertiser_id: id, name } = advertiser;
    const [present] = await listAdvertiserSecrets(db, id);
    sendQuestion(
      res,
      { title: `New signing secret for ${name}` },
      {
        question: {
          ...{ back: backTo(advertiser), title: `A signing secret for ${name}?`, isDangerous: present !== undefined },
          texts: [
            present
              ? `The secret that begins with ${present.prefix} ends, at once or later as you choose: calls that are signed by it alone are answered 401 then.`
              : 'By it the advertiser signs its calls. It is asked for only when you say so on the page before.',
            'The secret is shown once, here, and nobody can look it up later.',
          ],
          ...(present && { choice: overlapChoice('secret') }),
          ...{ post: `${advertiserAt(id)}/signing-secret`, fields: { replaces: present?.prefix ?? '' } },
          ...{ yes: 'Make a secret', no: 'Leave it' },
        },
      },
    );
  });

  routes.post('/advertisers/:id/signing-secret', needs('admin'), async (req, res) => {
    const advertiser = await findAdvertiser(db, req.params.id);
    const { advertiser_id: id, name } = advertiser;
    // Sent again by a reload, the form must not end the secret that was given out.
    const asked = { keepOldForSeconds: keepOldFor(req.body), prefix: textIn(req.body, 'replaces') };
    const secret = await asActor(db, actorOf(res), (trx) => rotateAdvertiserSecret(trx, id, asked));
    if (secret === undefined) {
      const detail = `The secret of ${name} has been replaced since that page was shown: nothing was changed.`;
      throw new AppError('conflict', detail);
    }
    const text = 'It is shown this once. Give it to the advertiser by a way that nobody else reads.';
    const title = `The signing secret of ${name}`;
    sendSecret(res, { title: 'New secret', status: 201 }, { title, text, secret, back: backTo(advertiser) });
  });

  async function show(
    res: Response,
    { advertiser_id: advertiserId, name, proofs }: Advertiser,
    {
      status = 200,
      form = formOf(proofs),
      errors = {},
    }: { status?: number; form?: ProofForm; errors?: Record<string, string> } = {},
  ): Promise<void> {
    const secrets = await listAdvertiserSecrets(db, advertiserId);
    sendProofs(
      res,
      { title: `Proof of origin, ${name}`, status },
      {
        ...{ advertiser: { advertiserId, name }, form, errors, secrets },
        ...{ mayChange: mayOf(res).admin, docs: visitOf(res).docs },
      },
    );
  }
}

/** Holds the advertiser until the transaction ends, so that nobody takes its last secret away meanwhile. */
async function refuseWithoutSecret(trx: Knex, advertiserId: string): Promise<void> {
  await lockAdvertiser(trx, advertiserId);
  if ((await listAdvertiserSecrets(trx, advertiserId)).length > 0) return;
  const message = 'Make a signing secret first, below: without one nobody could get in.';
  throw refuseFields([{ field: 'signature', message }]);
}

function backTo({ advertiser_id, name }: Advertiser): { href: string; label: string } {
  return { href: `${advertiserAt(advertiser_id)}/proofs`, label: `Proof of origin, ${name}` };
}

function formOf({ token, signature, addresses }: OriginProofs): ProofForm {
  return { token, signature, addresses: (addresses ?? []).join('\n') };
}

function readForm(body: unknown): ProofForm {
  const isChecked = (name: string) => textIn(body, name) !== '';
  return { token: isChecked('token'), signature: isChecked('signature'), addresses: textIn(body, 'addresses') };
}

function proofsOf({ token, signature, addresses }: ProofForm): OriginProofs {
  const given = addresses.split(/[\s,]+/).filter((address) => address !== '');
  return { token, signature, addresses: given.length === 0 ? null : given };
}

/** Of `proofs.addresses.2` the field of the form; the message quotes what is wrong in it. */
function byFormField(errors: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(errors).map(([path, message]) => [path.replace(/^proofs\.(\w+).*$/, '$1'), message]),
  );
}
