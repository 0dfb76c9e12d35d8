import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { environment } from '../src/environment.ts';

const root = new URL('../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const isThere = (path: string) => existsSync(new URL(path, root));
const texts = ['README.md', ...readdirSync(new URL('docs/', root)).map((file) => `docs/${file}`)];
const isPath = (code: string) => /^[\w.-]+\/[\w./-]*$|^[\w-]+\.(?:ts|yml)$/.test(code);
// From one of our folders on, wherever it stands: in a sentence, a command, a comment.
const FULL_PATH = /(?<![\w./-])((?:src|test|docs|workflows|activities)\/[\w./-]*\w)/g;

/** What stands between single backticks outside of blocks. */
function codeIn(text: string): string[] {
  return [...text.replace(/^```.*?^```/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** What the pattern's group holds wherever it matches, each once. */
function everyMatch(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name = '']) => name))];
}

// What docker-compose.yml gives itself, what belongs to the image, and what only servers of one's own without it need.
const NOT_FOR_COMPOSE = [
  ...['NODE_ENV', 'HOST', 'PORT', 'OPS_PORT', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'],
  ...['DATA_DIR', 'POSTGRES_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'DEMO_RECEIVER_PORT'],
];

describe('docker-compose.yml', () => {
  it('gives or passes on every variable that its roles may need', () => {
    const settings = everyMatch(read('docker-compose.yml'), /^ +([A-Z]+(?:_[A-Z]+)*):/gm);
    const known = Object.keys(environment.shape);
    assert.deepEqual(
      known.filter((name) => !settings.includes(name) && !NOT_FOR_COMPOSE.includes(name)),
      [],
    );
  });
});

describe('README and docs', () => {
  it('name only files and folders that are there', () => {
    for (const text of texts) {
      const paths = [...codeIn(read(text)).filter(isPath), ...everyMatch(read(text), FULL_PATH)];
      const missing = paths.filter((path) => !isThere(path) && !isThere(`src/${path}`) && !isThere(`src/http/${path}`));
      assert.deepEqual(missing, [], text);
    }
  });

  it('lead to each other by links that work', () => {
    for (const text of texts) {
      const links = everyMatch(read(text), /\]\(([^):]+)\)/g);
      const broken = links.filter((link) => !existsSync(new URL(link, new URL(text, root))));
      assert.deepEqual(broken, [], text);
    }
  });

  it('name only scripts that npm can run', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const text of texts) {
      const named = everyMatch(read(text), /npm run ([\w:-]+)/g);
      assert.deepEqual(
        named.filter((name) => scripts[name] === undefined),
        [],
        text,
      );
    }
  });

  it('list every variable that is read from the environment, and no other', () => {
    const known = Object.keys(environment.shape);
    const table = read('docs/configuration.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .join('\n');
    assert.deepEqual(everyMatch(table, /`([A-Z]+(?:_[A-Z]+)*)`/g).toSorted(), known.toSorted());
    const inReadme = codeIn(read('README.md')).filter((code) => /^[A-Z]+(?:_[A-Z]+)+$/.test(code));
    assert.deepEqual(
      inReadme.filter((name) => !known.includes(name)),
      [],
    );
  });
});
