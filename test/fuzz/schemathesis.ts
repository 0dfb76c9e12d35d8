import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/dev/embedded/temporal-binary.ts';

const VERSION = '4.32.5';
/** What every answer must be. */
export const conformance = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];

// A body of this type is a string in the document, and is sent as any other text; schemathesis does not know that by itself.
const HOOKS = `import schemathesis
schemathesis.serializer.alias("application/x-ndjson", "text/plain")
`;

const run = promisify(execFile);

/** Where one API is described, the header that lets a caller in, and ids that it knows, by the names of its parameters. */
export type Target = {
  documentUrl: string;
  baseUrl: string;
  authorization: string;
  parameters: Record<string, string>;
  checks: string[];
  /** Options that choose among the calls; all of them when left out. */
  calls?: string[];
};

/** Installs schemathesis into the user's cache unless it is there. @returns its program. @throws Error saying what is missing */
export async function installSchemathesis(): Promise<string> {
  const folder = cacheFolder(process.env, `schemathesis-${VERSION}`);
  const program = join(folder, 'bin/schemathesis');
  if (existsSync(program)) return program;
  console.log(`Installing schemathesis ${VERSION} into ${folder} …`);
  const python = join(folder, 'bin/python');
  const requirement = `schemathesis==${VERSION}`;
  if (await isThere('uv')) {
    await run('uv', ['venv', '--clear', folder]);
    await run('uv', ['pip', 'install', '--python', python, requirement]);
  } else if (await isThere('python3')) {
    await run('python3', ['-m', 'venv', '--clear', folder]).catch((cause: unknown) => {
      throw new Error('python3 has no module venv: install it (on Debian: python3-venv), or install uv.', { cause });
    });
    await run(python, ['-m', 'pip', 'install', '--quiet', requirement]);
  } else {
    throw new Error('There is neither uv nor python3: install one of them. Python must be 3.10 or newer.');
  }
  return program;
}

/** Calls all that a document describes, with what it allows and what it does not. @returns whether all answers were as described */
export async function callEverything(
  program: string,
  target: Target,
  { folder, maxExamples }: { folder: string; maxExamples: number },
): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const config = join(folder, 'schemathesis.toml');
  const hooks = join(folder, 'hooks.py');
  await writeFile(hooks, HOOKS);
  await writeFile(config, writeConfig(hooks, target.parameters));
  const args = ['--config-file', config, 'run', target.documentUrl, '--url', target.baseUrl];
  args.push('--header', `Authorization: ${target.authorization}`, '--checks', target.checks.join(), '--no-color');
  // Redirects lead to advertisers, whom nobody may call here.
  args.push('--max-redirects', '0', '--request-timeout', '40', '--max-examples', String(maxExamples));
  args.push(...(target.calls ?? []), '--warnings', 'off', '--generation-database', 'none', '--continue-on-failure');
  const child = spawn(program, args, { cwd: folder, stdio: 'inherit', env: { ...process.env, NO_PROXY: '*' } });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}

function writeConfig(hooks: string, parameters: Record<string, string>): string {
  const lines = Object.entries(parameters).map(([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}`);
  return [`hooks = ${JSON.stringify(hooks)}`, '[parameters]', ...lines, ''].join('\n');
}

async function isThere(program: string): Promise<boolean> {
  return await run(program, ['--version']).then(
    () => true,
    () => false,
  );
}
