import tseslint from 'typescript-eslint';

const noNamesOfTemporal = [
  {
    selector: 'CallExpression[callee.name=/^define(Signal|Query|Update)$/]',
    message: 'Only workflows/contract.ts names signals and queries.',
  },
  {
    selector: 'Property[key.name=/^(taskQueue|workflowId|signal|workflowType)$/] > :matches(Literal, TemplateLiteral)',
    message: 'Only workflows/contract.ts names task queues, signals, workflows and their ids.',
  },
];

const noSql = [
  {
    selector: 'CallExpression[callee.property.name=/^(raw|query)$/]',
    message: 'Only src/db/ writes SQL; call one of its functions.',
  },
  {
    selector: 'CallExpression[callee.name=/^(db|trx|pool)$/]',
    message: 'Only src/db/ queries tables; call one of its functions.',
  },
];

// To invent a message Node reads the source, at each failure; where loaders have moved its lines that may never end.
const noSilentLooks = [
  {
    selector:
      'CallExpression[callee.name="eventually"] CallExpression[callee.object.name="assert"][callee.property.name="ok"][arguments.length=1]',
    message: 'Give assert.ok a message where it is expected to fail for a while.',
  },
];

export default tseslint.config(
  { ignores: ['dist/', '.data/', 'coverage/', 'node_modules/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'type'],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'workflows/**/*.ts', 'activities/**/*.ts'],
    ignores: ['src/config.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config.ts reads the environment.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'activities/**/*.ts'],
    // The embedded Postgres makes its own database.
    ignores: ['src/db/**', 'src/dev/embedded/**'],
    rules: { 'no-restricted-syntax': ['error', ...noNamesOfTemporal, ...noSql] },
  },
  {
    files: ['workflows/**/*.ts', 'src/db/**/*.ts'],
    ignores: ['workflows/contract.ts'],
    rules: { 'no-restricted-syntax': ['error', ...noNamesOfTemporal] },
  },
  {
    // Programs for people at a terminal print plain text.
    files: ['src/dev/**/*.ts', 'test/{bench,cluster,demo,fuzz}/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...noSilentLooks] },
  },
  {
    files: ['test/**/*.ts'],
    ignores: ['test/http/build-*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '/http/(ops|public)-app\\.ts$',
              allowTypeImports: true,
              message: 'Build it by test/http/build-*.ts, which hold its answers against their description.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/require-await': 'off' },
  },
);
