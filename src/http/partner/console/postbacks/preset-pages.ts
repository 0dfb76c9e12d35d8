import type { Response, Router } from 'express';
import type { PostbackSettings } from '../../../../domain/postbacks/postback-settings.ts';
import { checkPresetValues, settingsFromPreset } from '../../../../domain/trackers/fill-preset.ts';
import { findPreset } from '../../../../domain/trackers/presets.ts';
import { AppError } from '../../../../errors.ts';
import { textIn } from '../../../console/form.ts';
import { formOf } from './editor-form.ts';
import type { ShowEditor } from './editor-page.ts';

/** Fills the editor from a tracker's preset; nothing is saved. */
export function addPresetPages(
  routes: Router,
  showEditor: ShowEditor,
  readSettings: (res: Response) => Promise<PostbackSettings | null>,
): void {
  routes.post('/postbacks/preset', async (req, res) => {
    const preset = findPreset(textIn(req.body, 'preset'));
    if (!preset) throw new AppError('unknown', 'There is no preset for this tracker.');
    const values = Object.fromEntries(preset.fields.map(({ name }) => [name, textIn(req.body, `preset.${name}`)]));
    const saved = await readSettings(res);
    const problems = checkPresetValues(preset, values);
    const errors = Object.fromEntries(problems.map(({ field, message }) => [field, message]));
    if (problems.length > 0) {
      return await showEditor(res, formOf(saved), { status: 422, filling: { preset, values, errors } });
    }
    // What the partner has asked for beyond the tracker's matters stays.
    const kept = saved && { handover: saved.handover, ...(saved.canary !== undefined && { canary: saved.canary }) };
    await showEditor(res, formOf({ ...settingsFromPreset(preset, values), ...kept }));
  });
}
