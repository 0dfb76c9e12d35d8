import type { Router } from 'express';
import { buildReferralLink, checkPresetValues, settingsFromPreset } from '../../../domain/trackers/fill-preset.ts';
import { findPreset, trackerPresets } from '../../../domain/trackers/presets.ts';
import type { TrackerPreset } from '../../../domain/trackers/tracker-preset.ts';
import { AppError } from '../../../errors.ts';
import { readWith, refuseFields } from '../../fields/read-with.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { partnerOf } from '../auth.ts';
import { presetValuesSchema } from './preset-openapi.ts';

/** How each tracker is told of conversions, and the settings that come of it. */
export function addPresetRoutes(routes: Router, { publicUrl }: { publicUrl: string }): void {
  routes.get('/presets', (_req, res) => {
    res.json({ items: trackerPresets.map((preset) => viewPreset(preset, partnerOf(res))) });
  });
  routes.get('/presets/:id', (req, res) => {
    res.json(viewPreset(readPreset(req.params.id), partnerOf(res)));
  });
  routes.post('/presets/:id/fill', (req, res) => {
    const preset = readPreset(req.params.id);
    const values = readWith(presetValuesSchema, req.body ?? {});
    const problems = checkPresetValues(preset, values);
    if (problems.length > 0) throw refuseFields(problems);
    const { referral_link } = viewPreset(preset, partnerOf(res));
    res.json({ referral_link, postback: settingsFromPreset(preset, values) });
  });
  routes.all(['/presets', '/presets/:id'], allowOnly('GET', 'HEAD'));
  routes.all('/presets/:id/fill', allowOnly('POST'));

  function viewPreset(preset: TrackerPreset, partnerId: string) {
    return { ...preset, referral_link: buildReferralLink(publicUrl, partnerId, preset) };
  }
}

function readPreset(id: string): TrackerPreset {
  const preset = findPreset(id);
  if (!preset) throw new AppError('unknown', `There is no preset ${id}; /v1/partner/presets lists them.`);
  return preset;
}
