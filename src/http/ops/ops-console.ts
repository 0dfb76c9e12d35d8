import express, { Router, type Response } from 'express';
import type { Knex } from 'knex';
import { endOpsSession, findOpsSession, startOpsSession } from '../../db/keys/ops-sessions.ts';
import { AppError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { TemporalUi } from '../../stories/lead-address.ts';
import { createFormCheck } from '../console/session/check-form.ts';
import { createConsoleSecrets } from '../console/session/console-secrets.ts';
import { addLoginRoutes } from '../console/session/login-routes.ts';
import { keepNoAnswer } from '../console/session/require-session.ts';
import { createSessionCookie, createVisits } from '../console/session/visit.ts';
import { needsByMethod, type Admin } from '../protocol/actor.ts';
import { secureAnswers } from '../protocol/app.ts';
import { limitBody, MAX_BODY_BYTES, MAX_VOCABULARY_BYTES } from '../protocol/body-limit.ts';
import type { KeyCheck } from '../protocol/keys/key-check.ts';
import { createProblemHandler } from '../protocol/problem.ts';
import { ownScripts } from '../protocol/security-headers.ts';
import { addVocabularyPages, type VocabularyDeps } from './advertisers/vocabulary-pages.ts';
import { addGiveStatusPages, type GiveStatusDeps } from './conversions/status-pages.ts';
import { addInboundPages, type InboundDeps } from './inbound/inbound-pages.ts';
import { addInboxPages, type InboxDeps } from './inbox/inbox-pages.ts';
import { addSilencePages, type SilencePageDeps } from './silence/silence-pages.ts';
import { sendLogin } from './login-page.ts';
import { sendOpsProblem } from './ops-page.ts';
import { opsConsole, sessionOf } from './ops-session.ts';
import { addAdvertiserPages } from './advertisers/advertiser-pages.ts';
import { addProofPages } from './advertisers/proof-pages.ts';
import { addAuditPages } from './audit/audit-pages.ts';
import { addConversionPages } from './conversions/conversion-pages.ts';
import { addEndpointPages } from './endpoints/endpoint-pages.ts';
import { addImportPages, addImportUpload, type ImportPagesDeps } from './imports/import-pages.ts';
import { addFraudPages } from './fraud/fraud-pages.ts';
import { addKeyPages } from './keys/key-pages.ts';
import { addLedgerPages } from './ledger/ledger-pages.ts';
import { addPayoutPages } from './ledger/payout-pages.ts';
import { addLeadPages } from './leads/lead-pages.ts';
import { addOfferPages } from './offers/offer-pages.ts';
import { addOverviewPages, type OverviewDeps } from './overview/overview-pages.ts';
import { addPartnerPages, type PartnerPagesDeps } from './partners/partner-pages.ts';
import { addPullPages, type PullPagesDeps } from './pulls/pull-pages.ts';
import { addPostbackPages } from './postbacks/postback-pages.ts';
import { addPricePages } from './prices/price-pages.ts';
import { addSearchPages } from './search/search-pages.ts';
import { requireAdmin } from './require-admin.ts';

export type OpsConsoleDeps = Omit<OverviewDeps, 'log'> &
  PartnerPagesDeps &
  ImportPagesDeps &
  InboundDeps &
  InboxDeps &
  SilencePageDeps &
  VocabularyDeps &
  GiveStatusDeps &
  PullPagesDeps & {
    db: Knex;
    /** The key of the admin `root`. */
    adminApiKey: string;
    /** The first signs, all verify. */
    secrets: string[];
    /** How long an admin stays signed in. */
    sessionMs: number;
  };

type Context = TemporalUi & { checkKey: KeyCheck<Admin>; log: Pick<Log, 'error' | 'warn'> };

/**
 * `/ops`: the pages of those who keep the network running. Who is signed in comes from the session's cookie, and may do what
 * its key may: look with any, change something with the role operate, and what is marked by `needs('admin')` with that.
 */
export function createOpsConsole(deps: OpsConsoleDeps, context: Context): Router {
  const { checkKey, log } = context;
  const { db, adminApiKey: rootKey, sessionMs } = deps;
  const routes = Router();
  const seals = { place: opsConsole, secrets: createConsoleSecrets(deps.secrets, opsConsole) };
  const sessionCookie = createSessionCookie(seals);

  routes.use(secureAnswers('', ownScripts), keepNoAnswer);
  routes.use(createVisits(seals, (sessionId) => findOpsSession(db, { sessionId, rootKey }), `${deps.publicUrl}/docs`));
  addImportUpload(routes, deps);
  routes.use(limitBody);
  // What it has read, the next parser leaves alone.
  routes.post('/advertisers/:id/vocabulary', express.urlencoded({ extended: false, limit: MAX_VOCABULARY_BYTES }));
  routes.use(express.urlencoded({ extended: false, limit: MAX_BODY_BYTES }));
  // From which page a form comes has been judged for the whole listener.
  routes.use(createFormCheck({ isFromOurPage: () => true, sendProblem: sendOpsProblem }));
  addLoginRoutes(routes, {
    ...{ place: opsConsole, checkKey, sessionCookie, lifetimeMs: sessionMs },
    startSession: ({ name }, key) => startOpsSession(db, { name, key, lifetimeMs: sessionMs }),
    endSession: (res: Response) => endOpsSession(db, sessionOf(res)),
    sendLogin: (res, status, page) => sendLogin(res, { title: 'Sign in', status }, page),
  });

  routes.use(requireAdmin, needsByMethod);
  addPages(routes, deps, context);
  routes.use((req) => {
    throw new AppError('unknown', `There is no page ${req.baseUrl}${req.path}.`);
  });
  routes.use(createProblemHandler(log, sendOpsProblem));
  return routes;
}

/** The pages of each area; those whose address another one's would hold come first. */
function addPages(routes: Router, deps: OpsConsoleDeps, { temporalUiUrl, temporalNamespace, log }: Context): void {
  const { db, windowMs, publicUrl } = deps;
  const told = { db, windowMs, temporalUiUrl, temporalNamespace };
  addOverviewPages(routes, { ...deps, log });
  addSearchPages(routes, { db });
  addLeadPages(routes, told);
  addConversionPages(routes, told);
  addPostbackPages(routes, { db });
  addPayoutPages(routes, { db });
  addLedgerPages(routes, { db });
  addPartnerPages(routes, deps);
  addAdvertiserPages(routes, { db, publicUrl });
  addProofPages(routes, { db });
  addOfferPages(routes, { db });
  addPricePages(routes, { db });
  addEndpointPages(routes, deps);
  addImportPages(routes, { db });
  addFraudPages(routes, { db });
  addKeyPages(routes, { db });
  addAuditPages(routes, { db });
  addInboundPages(routes, deps);
  addInboxPages(routes, deps);
  addSilencePages(routes, deps);
  addVocabularyPages(routes, deps);
  addGiveStatusPages(routes, deps);
  addPullPages(routes, deps);
}
