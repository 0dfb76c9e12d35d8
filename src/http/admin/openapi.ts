import { z } from 'zod';
import { createDocument, type oas31, type ZodOpenApiPathsObject } from 'zod-openapi';
import { describeHealth } from '../protocol/describe-health.ts';
import { describeProblems } from '../protocol/problem-schema.ts';
import { describeAuditCalls } from './audit/audit-openapi.ts';
import { describeAccessCalls } from './access/access-openapi.ts';
import { describeCatalogueCalls } from './catalogue/catalogue-openapi.ts';
import { describeEndpointCalls } from './endpoints/endpoint-openapi.ts';
import { describeFraudCalls } from './fraud/fraud-openapi.ts';
import { describeKeyCalls } from './keys/key-openapi.ts';
import { describeImportCalls } from './imports/import-openapi.ts';
import { describeLedgerCalls } from './ledger/ledger-openapi.ts';
import { describeListCalls } from './lists/list-openapi.ts';
import { describePriceCalls } from './prices/price-openapi.ts';
import { describePullCalls } from './pulls/pull-openapi.ts';
import { describeSilenceCalls } from './silence/silence-openapi.ts';
import { describeStatusCalls } from './status-calls/status-calls-openapi.ts';
import { describeStoryCalls } from './stories/story-openapi.ts';

let description: oas31.OpenAPIObject | undefined;

/** What the operations listener answers, as OpenAPI 3.1. It takes a tenth of a second to make, so it is made once. */
export function describeAdminApi(): oas31.OpenAPIObject {
  return (description ??= createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Cashcat operations',
      version: '1',
      description:
        'Partners, advertisers, offers, and the story of every lead. A key has a role: `read` may look; `operate` may also change what happens; `admin` may also change partners, advertisers, offers, prices, payouts and keys. Every change is in the audit log.',
    },
    security: [{ adminKey: [] }],
    components: {
      securitySchemes: { adminKey: { type: 'http', scheme: 'bearer', description: 'The key of an admin.' } },
    },
    paths: {
      ...describeCatalogueCalls(),
      ...describePriceCalls(),
      ...describeLedgerCalls(),
      ...describeAccessCalls(),
      ...describeStoryCalls(),
      ...describeListCalls(),
      ...describeStatusCalls(),
      ...describeSilenceCalls(),
      ...describeFraudCalls(),
      ...describeEndpointCalls(),
      ...describeKeyCalls(),
      ...describeAuditCalls(),
      ...describeImportCalls(),
      ...describePullCalls(),
      ...describeHealth(),
      ...describeMetrics(),
    },
  }));
}

function describeMetrics(): ZodOpenApiPathsObject {
  const example =
    '# HELP cashcat_postbacks_overdue Postbacks whose next attempt should have been made long ago\n# TYPE cashcat_postbacks_overdue gauge\ncashcat_postbacks_overdue 0\n';
  return {
    '/metrics': {
      get: {
        summary: 'Figures for Prometheus',
        security: [],
        responses: {
          '200': { description: 'As text.', content: { 'text/plain': { schema: z.string(), example } } },
          ...describeProblems({
            malformed: 'the request has several Host headers.',
            wrong_origin: 'a page of another site may not read it.',
            wrong_host: 'the listener was called by a name that it does not know; see OPS_ALLOWED_HOSTS.',
          }),
        },
      },
    },
  };
}
