import type { Express, Router } from 'express';
import type { Knex } from 'knex';
import type { oas31 } from 'zod-openapi';
import type { Click, BotVisit } from '../../src/db/clicks.ts';
import type { ActiveOffer, KnownAdvertiser } from '../../src/db/catalogue.ts';
import { connectDb } from '../../src/db/connect.ts';
import { createDocsRoutes } from '../../src/http/docs/docs-routes.ts';
import { describePublicApi } from '../../src/http/docs/public-openapi.ts';
import { describePartnerCalls } from '../../src/http/partner/openapi.ts';
import { createFileTaker } from '../../src/http/imports/take-file.ts';
import { createPublicApp, type PublicDeps } from '../../src/http/public-app.ts';
import { createCatalogue } from '../../src/catalogue/catalogue.ts';
import { createLeadTokens } from '../../src/intake/lead-token.ts';
import { newLeadId } from '../../src/new-ids.ts';
import type { RefusedCall } from '../../src/intake/refused-calls.ts';
import type { Visit } from '../../src/intake/visit-traces.ts';
import type { StatusCall } from '../../src/intake/status.ts';
import { AppError, type FieldProblem } from '../../src/errors.ts';
import { checkAnswers } from './check-answers.ts';
import { partnerDeps } from './partner-deps.ts';

// Answers as a database that is away; tests of the partner's own API bring one.
const nowhere = connectDb({ url: 'postgres://127.0.0.1:1/none', poolSize: 1, statementTimeoutMs: 1000 });

export const WINDOW_MS = 14 * 24 * 60 * 60 * 1000;
export const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1';

const PUBLIC_URL = 'https://cashcat.example';
// They take a fifth of a second to make, and are the same for most apps.
const docs = new Map<string, Router>();
let description: oas31.OpenAPIObject | undefined;

export type BuiltPublicApp = {
  app: Express;
  clicks: Click[];
  botVisits: BotVisit[];
  statusCalls: StatusCall[];
  malformedCalls: StatusCall[];
  refusedCalls: RefusedCall[];
  visits: Visit[];
  logged: object[];
  warned: object[];
  tokens: ReturnType<typeof createLeadTokens>;
};

export type BuildOptions = Partial<PublicDeps> & {
  offers?: ActiveOffer[];
  advertisers?: KnownAdvertiser[];
  now?: () => number;
  db?: Knex;
};

export function makeOffer(given: Partial<ActiveOffer> = {}): ActiveOffer {
  return {
    offerId: 'loan',
    advertiserId: 'bank',
    advertiserName: 'Demo Bank',
    name: 'First loan',
    description: 'Interest-free for 30 days.',
    url: 'https://bank.example/apply?click={conversion_id}',
    closedUntil: null,
    ...given,
  };
}

/** The public app over intakes that only remember what they were given; partner `abcdefghigk`, offer `loan`. */
export async function buildPublicApp({
  offers = [makeOffer()],
  advertisers = [],
  now,
  db = nowhere,
  ...deps
}: BuildOptions = {}): Promise<BuiltPublicApp> {
  const [clicks, botVisits]: [Click[], BotVisit[]] = [[], []];
  const [statusCalls, malformedCalls]: [StatusCall[], StatusCall[]] = [[], []];
  const [logged, warned]: [object[], object[]] = [[], []];
  const content = { version: 1, partnerIds: ['abcdefghigk', 'otherpartner'], offers, advertisers };
  const catalogue = createCatalogue({
    load: () => Promise.resolve(content),
    readVersion: () => Promise.resolve(1),
    pollIntervalMs: 60_000,
  });
  await catalogue.start();
  catalogue.stop();
  const refusedCalls: RefusedCall[] = [];
  const visits: Visit[] = [];
  const tokens = createLeadTokens(['a secret of sixteen'], WINDOW_MS, now);
  const app = checkAnswers(
    createPublicApp({
      catalogue,
      clicks: {
        record({ leadId = newLeadId(), ...click }) {
          clicks.push({ ...click, leadId });
          return Promise.resolve(leadId);
        },
        recordBotVisit: (visit) => Promise.resolve(void botVisits.push(visit)),
      },
      statuses: {
        authenticate: (advertiserId, token) =>
          token === `token-of-${advertiserId}` ? Promise.resolve() : Promise.reject(new AppError('unauthorized', 'no')),
        record(call) {
          statusCalls.push(call);
          if (call.conversionId === null) return Promise.reject(new AppError('malformed', 'conversion_id is missing'));
          return Promise.resolve({ conversionId: call.conversionId, status: 'approved', result: 'recorded' });
        },
        keepMalformed(call: StatusCall, problems: FieldProblem[]) {
          malformedCalls.push(call);
          return Promise.reject(new AppError('malformed', 'kept', { problems }));
        },
      },
      refusedCalls: { note: (refused) => void refusedCalls.push(refused) },
      files: createFileTaker({ db, chunkDb: db, maxRows: 1000, maxMegabytes: 1 }),
      traces: { note: (look) => void visits.push(look()) },
      leadTokens: tokens,
      checkReady: () => Promise.resolve(),
      publicUrl: PUBLIC_URL,
      trustProxy: false,
      windowMs: WINDOW_MS,
      docs: docsAt(deps.publicUrl ?? PUBLIC_URL),
      console: { secrets: ['a secret of sixteen'], sessionMs: WINDOW_MS },
      partner: partnerDeps(db),
      log: { error: (fields: object) => void logged.push(fields), warn: (fields: object) => void warned.push(fields) },
      ...deps,
    }),
    (description ??= describePublicApi(PUBLIC_URL, describePartnerCalls())),
  );
  return { app, clicks, botVisits, statusCalls, malformedCalls, refusedCalls, visits, logged, warned, tokens };
}

function docsAt(publicUrl: string): Router {
  const rules = { attempts: 3, intervalMs: 300_000, timeoutMs: 10_000, windowMs: WINDOW_MS };
  const files = { maxRows: 1000, maxMegabytes: 1 };
  const routes = docs.get(publicUrl) ?? createDocsRoutes({ publicUrl, rules, files }, describePartnerCalls());
  docs.set(publicUrl, routes);
  return routes;
}
