// Which folder may load which at run time. Type imports are erased and therefore free.
const folders = {
  domain: [],
  workflows: ['domain'],
  db: ['domain'],
  outbound: ['domain'],
  intake: ['domain', 'db'],
  activities: ['domain', 'db', 'outbound'],
};
const pathOf = (folder) => (['workflows', 'activities'].includes(folder) ? `^${folder}/` : `^src/${folder}/`);
const ownCode = '^(src|workflows|activities)/';
const ground = '^src/(log|errors)\\.ts$';

const folderRules = Object.entries(folders).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  comment: `${folder} may load only: ${[folder, ...allowed].join(', ')}`,
  severity: 'error',
  from: { path: pathOf(folder) },
  to: {
    path: ownCode,
    pathNot: [
      pathOf(folder),
      ...allowed.map(pathOf),
      ...(['domain', 'workflows'].includes(folder) ? [] : [ground]),
      ...(folder === 'activities' ? ['^workflows/contract\\.ts$'] : []),
    ],
    dependencyTypesNot: ['type-only'],
  },
}));

export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...folderRules,
    {
      name: 'http-imports',
      severity: 'error',
      from: { path: '^src/http/' },
      to: {
        path: ownCode,
        pathNot: ['^src/(http|intake|db|domain|outbound)/', '^workflows/contract\\.ts$', ground],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'relay-imports',
      severity: 'error',
      from: { path: '^src/relay\\.ts$' },
      to: {
        path: ownCode,
        pathNot: ['^src/db/outbox\\.ts$', '^workflows/contract\\.ts$', '^src/metrics\\.ts$', ground],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'workflows-stay-pure',
      comment: 'the workflow bundle must hold nothing but rules and the SDK',
      severity: 'error',
      from: { path: '^(workflows|src/domain)/' },
      to: {
        pathNot: ['^(workflows|src/domain)/', 'node_modules/@temporalio/(workflow|common)'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nobody-imports-the-composition-root',
      severity: 'error',
      from: { path: ownCode, pathNot: '^src/(main\\.ts|dev/)' },
      to: { path: '^src/(main\\.ts|dev/)' },
    },
    {
      name: 'only-http-knows-express',
      severity: 'error',
      from: { path: ownCode, pathNot: '^src/http/' },
      to: { path: 'node_modules/(@types/)?express', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-db-knows-knex-and-pg',
      severity: 'error',
      from: { path: ownCode, pathNot: '^src/(db|dev)/' },
      to: { path: 'node_modules/(knex|pg)/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-tests-in-production', severity: 'error', from: { path: ownCode }, to: { path: '^test/' } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.test.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
