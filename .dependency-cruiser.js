// The rooms of the house, and which other rooms each may load at run time. Type imports are erased and therefore free,
// except where a rule below counts them: between the audiences, in cycles, and towards the roles, main and dev.
const CONTRACT = '^workflows/contract\\.ts$';
const DOMAIN = '^src/domain/';
const DB = '^src/db/';
const PROTOCOL = '^src/http/protocol/';
const FIELDS = '^src/http/fields/';
const PAGES = '^src/http/pages/';
const IMPORTS = '^src/http/imports/';
const CONSOLE = '^src/http/console/';
// What the operations listener and the public one are made of. An audience is a login, and a wall between tenants.
const AUDIENCE = '^src/http/(visitor|advertiser|partner|admin|ops|docs)/';
// Small files that everybody uses, except the code that workflows load.
const GROUND =
  '^src/(errors|log|metrics|new-ids|sealed-text|free-port|in-time|keep-trying|pause|repeat-until-stopped|subnets|turns|under-way)\\.ts$';

const rooms = {
  domain: { path: DOMAIN, mayLoad: [] },
  workflows: { path: '^workflows/', mayLoad: [DOMAIN] },
  ground: { path: GROUND, mayLoad: [GROUND, DOMAIN] },
  db: { path: DB, mayLoad: [GROUND, DOMAIN] },
  catalogue: { path: '^src/catalogue/', mayLoad: [GROUND, DOMAIN, DB] },
  // A story leads to the workflow of its lead, and only the contract knows that workflow's id.
  stories: { path: '^src/stories/', mayLoad: [GROUND, DOMAIN, DB, CONTRACT] },
  outbound: { path: '^src/outbound/', mayLoad: [GROUND, DOMAIN, DB] },
  intake: { path: '^src/intake/', mayLoad: [GROUND, DOMAIN, DB, '^src/catalogue/'] },
  activities: { path: '^activities/', mayLoad: [GROUND, DOMAIN, DB, '^src/(outbound|intake/files)/', CONTRACT] },
  temporal: { path: '^src/temporal/', mayLoad: [GROUND, DOMAIN, CONTRACT] },
  relay: {
    path: '^src/(relay|import-places)\\.ts$',
    mayLoad: [GROUND, '^src/(import-places|db/(outbox|overdue)|temporal/(outage-log|tell-lead))\\.ts$', CONTRACT],
  },
  'job-relay': { path: '^src/job-relay\\.ts$', mayLoad: [GROUND] },
  canary: {
    path: '^src/canary\\.ts$',
    mayLoad: [GROUND, DOMAIN, '^src/db/endpoints/canaries\\.ts$', '^src/outbound/test-call\\.ts$'],
  },
  'sweep-and-counting': { path: '^src/(sweep|counting|ledger-watch|flagging)\\.ts$', mayLoad: [GROUND, DB] },
  config: {
    path: '^src/(config|environment|number-variables)\\.ts$',
    mayLoad: [GROUND, '^src/outbound/(address-rules|careless-ranges)\\.ts$', '^src/temporal/target\\.ts$'],
  },
  // An outage of the database is answered as 503, whichever call meets it.
  'http-protocol': { path: PROTOCOL, mayLoad: [GROUND, DOMAIN, '^src/db/sqlstate\\.ts$'] },
  'http-pages': { path: PAGES, mayLoad: [GROUND, DOMAIN, PROTOCOL] },
  // What callers of several audiences may write, and in which words it is refused.
  'http-fields': { path: FIELDS, mayLoad: [GROUND, DOMAIN, DB, PROTOCOL] },
  // What the consoles of several audiences have in common: who is signed in, forms, filters, the frame of a page.
  'http-console': { path: CONSOLE, mayLoad: [GROUND, DOMAIN, PROTOCOL, FIELDS, PAGES] },
  // Files of statuses, which ops and advertisers bring.
  'http-imports': { path: IMPORTS, mayLoad: [GROUND, DOMAIN, DB, '^src/intake/files/', PROTOCOL, FIELDS] },
  // Of all that calls strangers' URLs, an answer to a request needs only the judgement of settings, and to try them.
  'http-audience': {
    path: AUDIENCE,
    mayLoad: [
      ...[
        GROUND,
        DOMAIN,
        DB,
        '^src/(intake|catalogue|stories)/',
        '^src/outbound/(settings-check|test-call|save-pull)\\.ts$',
        CONTRACT,
      ],
      ...[PROTOCOL, FIELDS, IMPORTS, PAGES, CONSOLE],
    ],
  },
  'http-apps': { path: '^src/http/(public|ops)-app\\.ts$', mayLoad: [GROUND, DOMAIN, '^src/http/'] },
  // These compose everything else.
  roles: { path: '^src/roles/', mayLoad: ['^src/', '^(workflows|activities)/'] },
  main: { path: '^src/main\\.ts$', mayLoad: ['^src/', '^(workflows|activities)/'] },
  dev: { path: '^src/dev/', mayLoad: ['^src/', '^(workflows|activities)/'] },
};

const OWN_CODE = '^(src|workflows|activities)/';

const roomRules = Object.entries(rooms).map(([name, { path, mayLoad }]) => ({
  name: `${name}-imports`,
  severity: 'error',
  from: { path },
  to: { path: OWN_CODE, pathNot: [path, ...mayLoad], dependencyTypesNot: ['type-only'] },
}));

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'a circle of types counts: neither of the two files can be read without the other',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...roomRules,
    {
      name: 'every-file-has-a-room',
      comment: 'give a new folder its line in the table above',
      severity: 'error',
      from: { path: OWN_CODE, pathNot: Object.values(rooms).map(({ path }) => path) },
      to: {},
    },
    {
      name: 'no-audience-knows-another',
      comment: 'types count: what two audiences share belongs to http/protocol, http/pages or a room below http',
      severity: 'error',
      from: { path: AUDIENCE },
      to: { path: AUDIENCE, pathNot: '^src/http/$1/' },
    },
    {
      name: 'workflows-stay-pure',
      comment: 'the workflow bundle holds nothing but rules and the SDK',
      severity: 'error',
      from: { path: '^(workflows|src/domain)/' },
      to: {
        pathNot: ['^(workflows|src/domain)/', 'node_modules/@temporalio/(workflow|common)/'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'only-main-starts-roles',
      severity: 'error',
      from: { path: OWN_CODE, pathNot: ['^src/main\\.ts$', '^src/roles/'] },
      to: { path: '^src/roles/' },
    },
    {
      name: 'nobody-imports-main-or-dev',
      comment: 'main itself loads dev, and only outside production',
      severity: 'error',
      from: { path: OWN_CODE, pathNot: ['^src/main\\.ts$', '^src/dev/'] },
      to: { path: '^src/(main\\.ts$|dev/)' },
    },
    { name: 'no-tests-in-production', severity: 'error', from: { path: OWN_CODE }, to: { path: '^test/' } },
    {
      name: 'only-http-knows-express',
      severity: 'error',
      from: { path: OWN_CODE, pathNot: '^src/http/' },
      to: { path: 'node_modules/(@types/)?express/' },
    },
    {
      name: 'only-db-knows-knex-and-pg',
      severity: 'error',
      from: { path: OWN_CODE, pathNot: ['^src/db/', '^src/dev/embedded/'] },
      to: { path: 'node_modules/(knex|pg)/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.test.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
