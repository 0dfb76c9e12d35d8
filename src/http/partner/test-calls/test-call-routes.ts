import type { Router } from 'express';
import type { AddressRules } from '../../../outbound/address-rules.ts';
import { checkSettingsToSave } from '../../../outbound/settings-check.ts';
import { postbackSchema } from '../../fields/postback-settings-schema.ts';
import { readSettings, readWith, refuseSettings } from '../../fields/read-with.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { partnerOf } from '../auth.ts';
import { triedSchema } from './test-call-openapi.ts';
import type { TestCalls, Tried } from './test-calls.ts';

/** Trying settings: what would be sent, and what comes back. */
export function addTestCallRoutes(
  routes: Router,
  { testCalls, addressRules }: { testCalls: TestCalls; addressRules: AddressRules },
): void {
  routes.post('/postback/preview', async (req, res) => {
    res.json(await testCalls.preview(partnerOf(res), readTried(req.body)));
  });
  routes.post('/postback/test', async (req, res) => {
    res.json(await testCalls.send(partnerOf(res), readTried(req.body)));
  });
  routes.all(['/postback/preview', '/postback/test'], allowOnly('POST'));

  function readTried(body: unknown): Tried {
    const { status, ref_id: refId, postback } = readWith(triedSchema, body);
    if (postback === undefined) return { status, refId };
    const draft = readSettings(postbackSchema, postback);
    const problems = checkSettingsToSave(draft, addressRules);
    if (problems.length > 0) throw refuseSettings(problems);
    return { status, refId, draft };
  }
}
