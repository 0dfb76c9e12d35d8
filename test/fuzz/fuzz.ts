// `npm run fuzz`: calls everything that the two OpenAPI documents describe, with values that are allowed and others, and
// fails when an answer is a 5xx or not as described. MAX_EXAMPLES bounds the calls of each operation and phase; with 10 of
// them a run needs about three minutes of a processor, and many times that beside other programs.
import { join } from 'node:path';
import { call, conversionIn, createInCatalogue, readStory } from '../support/network-over-http.ts';
import { ADMIN_API_KEY, startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivatePostgres, stopTestServers, temporaryFolder } from '../support/servers.ts';
import { callEverything, conformance, installSchemathesis, type Target } from './schemathesis.ts';

const maxExamples = Number(process.env['MAX_EXAMPLES'] ?? 10);

const PARTNER_CALLS = '^/v1/partner';
// A test would go to where random settings lead, and a new key would end the one that all calls are made with.
const NEVER_CALLED = '^/v1/partner/(postback/test|key)$';

try {
  const program = await installSchemathesis();
  const { targets, api } = await startTargets();
  const folder = temporaryFolder();
  const results: boolean[] = [];
  for (const [name, target] of Object.entries(targets)) {
    // With any ids, of which few lead to something, then with some that do.
    for (const [ids, parameters] of [
      ['any', {}],
      ['known', target.parameters],
    ] as const) {
      console.log(`\nThe ${name} API, called with ${ids} ids …`);
      const options = { folder: join(folder, `${name}-${ids}`), maxExamples };
      results.push(await callEverything(program, { ...target, parameters }, options));
    }
  }
  process.exitCode = results.every(Boolean) ? 0 : 1;
  if (process.exitCode !== 0) console.log(`\nThe api has logged:\n${api.logs().filter(isWarning).join('\n')}`);
  console.log(process.exitCode === 0 ? '\nEvery answer was as described.' : '\nSOME ANSWERS WERE NOT AS DESCRIBED.');
} catch (error) {
  process.exitCode = 1;
  console.error(`\nNOT RUN: ${(error as Error).message}`);
}
await stopTestServers();
process.exit();

type Bank = { advertiser_id: string; token: string };

/** Without relay and worker nothing is relayed, so no postback is sent to where random settings lead. */
async function startTargets(): Promise<{ targets: Record<string, Target>; api: RunningProgram }> {
  const postgres = await startPrivatePostgres({ settings: { fsync: 'off' } });
  // A busy machine is no reason for a 503 here.
  const env = { DATABASE_STATEMENT_TIMEOUT_SECONDS: '30' };
  const api = await startProcess({ roles: ['migrate', 'api'], databaseUrl: postgres.url, env });
  const { opsUrl, publicUrl } = api;
  const { partner_id, api_key } = await createInCatalogue<{ partner_id: string; api_key: string }>(opsUrl, 'partners', {
    name: 'Ann',
  });
  const { advertiser_id, token } = await createInCatalogue<Bank>(opsUrl, 'advertisers', { name: 'Bank' });
  const { offer_id } = await createInCatalogue<{ offer_id: string }>(opsUrl, 'offers', {
    advertiser_id,
    name: 'Card',
    url: 'https://bank.example/?click={conversion_id}',
    reward: { amount: 1250, currency: 'USD' },
  });
  const click = () => call(`${publicUrl}/${partner_id}/?offer_id=${offer_id}`);
  // The story of one whose statuses nobody settles would be waited for, so ops look at another.
  const [reported, lookedAt] = [await click(), await click()].map(({ headers }) => conversionIn(headers['location']));
  const { lead_id } = await readStory(opsUrl, String(lookedAt));
  const import_id = await reportOddly({ publicUrl, advertiserId: advertiser_id, token });
  const ids = { partner_id, advertiser_id, offer_id, lead_id, import_id };
  const targets = {
    public: {
      documentUrl: `${publicUrl}/openapi.json`,
      baseUrl: publicUrl,
      authorization: `Bearer ${token}`,
      parameters: { ...ids, conversion_id: String(reported) },
      // Links and status calls forgive a lot: a visit counts whatever else the address holds.
      checks: conformance,
      calls: ['--exclude-path-regex', PARTNER_CALLS],
    },
    partner: {
      documentUrl: `${publicUrl}/openapi.json`,
      baseUrl: publicUrl,
      authorization: `Bearer ${api_key}`,
      parameters: { conversion_id: String(reported), preset_id: 'keitaro' },
      checks: [...conformance, 'negative_data_rejection', 'unsupported_method'],
      calls: ['--include-path-regex', PARTNER_CALLS, '--exclude-path-regex', NEVER_CALLED],
    },
    operations: {
      documentUrl: `${opsUrl}/v1/admin/openapi.json`,
      baseUrl: opsUrl,
      authorization: `Bearer ${ADMIN_API_KEY}`,
      parameters: { ...ids, name: await createKey(opsUrl), conversion_id: String(lookedAt), period: 'open' },
      checks: [...conformance, 'negative_data_rejection', 'unsupported_method'],
    },
  };
  return { targets, api };
}

/**
 * A key that may be revoked. Calls of status calls find the first one by themselves, because ids of numbers are tried from 1
 * on; a number given here would stand in place of one that is to be refused.
 */
async function createKey(opsUrl: string): Promise<string> {
  return (await createInCatalogue<{ name: string }>(opsUrl, 'keys', { name: 'anna', role: 'read' })).name;
}

function isWarning(line: string): boolean {
  return /"level":[456]0/.test(line);
}

/** Leaves a call that can be judged again, and a file that nobody imports, as there is no worker. */
async function reportOddly({
  publicUrl,
  advertiserId,
  token,
}: {
  publicUrl: string;
  advertiserId: string;
  token: string;
}) {
  const authorization = `Bearer ${token}`;
  const at = `${publicUrl}/advertisers/${advertiserId}`;
  await call(`${at}/postback?conversion_id=nobody&status=sold`, { headers: { authorization } });
  const file = await fetch(`${at}/imports`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'text/csv' },
    body: 'conversion_id,status,event_time\nnobody,sold,\n',
  });
  const { import_id } = (await file.json()) as { import_id: string };
  return import_id;
}
