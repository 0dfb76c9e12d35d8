import type { Knex } from 'knex';
import type { Migration } from './migration.ts';

// Calls that were kept before words had a column got theirs from SQL, whose trim knows no blank but a space, and which leaves
// accents as they were spelt. Such a word is never found again: words are compared as JavaScript writes them.
const FIND_ODD = `
  select distinct word from status_calls
  where result = 'unknown_word' and (word = '' or word ~ '^\\s|\\s$' or word ~ '[^ -~]')`;

async function up(db: Knex): Promise<void> {
  const { rows } = await db.raw<{ rows: { word: string }[] }>(FIND_ODD);
  for (const { word } of rows) {
    const compared = word.trim().toLowerCase().normalize('NFC');
    if (compared === word && word !== '') continue;
    // A word of blanks is none, and its call lacked one.
    const changes = compared === '' ? { word: null, result: 'malformed' } : { word: compared };
    await db('status_calls').where({ result: 'unknown_word', word }).update(changes);
  }
}

export const wordsCompared: Migration = {
  up,
  // They stay as they are compared.
  down: () => Promise.resolve(),
};
