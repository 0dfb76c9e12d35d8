import type { Response } from 'express';
import type { EditorForm } from './editor-form.ts';
import type { EditorData } from './editor-page.ts';

/** What a page says beyond the form itself. */
export type ShownBeside = Partial<Pick<EditorData, 'test' | 'testRefusal' | 'filling'>> & {
  status?: number;
  newSecret?: string | undefined;
};

/** Shows the editor with a form in it. */
export type ShowEditor = (res: Response, form: EditorForm, shown?: ShownBeside) => Promise<void>;
