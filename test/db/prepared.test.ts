import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

describe('prepared statements', () => {
  it('have each a name of its own, by which a connection knows the text', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const names = files.flatMap((file) =>
      [...readFileSync(`src/${file}`, 'utf8').matchAll(/prepared\('([^']+)'\)/g)].map(([, name = '']) => name),
    );
    assert.ok(names.length > 20, `${names.length} names were found`);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  });
});
