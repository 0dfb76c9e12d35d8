import type { Migration } from './migration.ts';

// When an advertiser's words change, what is remembered of its export is made void by revised_at. Nobody has changed the pull.
const UP = `
  drop trigger pull_settings_noted on pull_settings;
  create trigger pull_settings_noted after insert or delete on pull_settings
    for each row execute function note_change('pull', 'advertiser_id', 'revised_at');
  create trigger pull_settings_change_noted after update on pull_settings for each row
    when (to_jsonb(old) - 'revised_at' is distinct from to_jsonb(new) - 'revised_at')
    execute function note_change('pull', 'advertiser_id', 'revised_at');
`;

const DOWN = `
  drop trigger pull_settings_change_noted on pull_settings;
  drop trigger pull_settings_noted on pull_settings;
  create trigger pull_settings_noted after insert or update or delete on pull_settings
    for each row execute function note_change('pull', 'advertiser_id', 'revised_at');
`;

export const quietRevisions: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
