import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {buildSettings} from './build.ts';
import {type Fragments, readFragments} from './fragments/fragments.ts';
import {mergeFragments} from './fragments/merge.ts';
import {applyTags, type Tags} from './fragments/tags.ts';
import {readRoles, readValues, readWebhooks} from './fragments/values.ts';
import {walk} from './fragments/walk.ts';
import {type Problem, problemsText, shown} from './options/problem.ts';
import type {Whole} from './rules/rule.ts';
import {checkRules} from './rules/rules.ts';
import {checkWebhooks} from './rules/webhooks.ts';
import type {Settings} from './settings.ts';

export type SettingsReading =
  | {readonly ok: true; readonly settings: Settings}
  | {readonly ok: false; readonly problems: readonly Problem[]};

/**
 * Fragments and instance tags → settings, or everything that is wrong with them, at once. Pure. `asked: false`: the tags are not
 * those of an instance, and more may come.
 */
export const readSettings = ({
  fragments: {fragments, problems: unreadable},
  tags,
  asked = true,
}: {
  readonly fragments: Fragments;
  readonly tags: Tags;
  readonly asked?: boolean;
}): SettingsReading => {
  const found = walk(mergeFragments(fragments));
  const options = applyTags(found.options, tags);
  const single: Problem[] = [...unreadable, ...found.problems];
  const values = readValues(options, single);
  const roles = readRoles(found.roles, single);
  const webhooks = readWebhooks(found.webhooks, single);
  const own = roles.get(values.role ?? '');
  const whole: Whole = {
    values,
    tags,
    asked,
    tables: found.tables,
    roles,
    webhooks,
    units: own?.units ?? values['activate.units'],
    command: own?.command ?? values['activate.command'],
  };
  // what a file that cannot be read would have said is not known: rules about missing options would only mislead
  const problems =
    unreadable.length > 0
      ? single
      : [...single, ...checkRules(whole, options, single), ...checkWebhooks(whole)];
  return problems.length === 0
    ? {ok: true, settings: buildSettings(whole)}
    : {ok: false, problems: problems.map(shown)};
};

/** The address of IMDS that the files name, null when they switch it off: needed before the tags can be asked for. */
export const imdsAddress = ({fragments}: Fragments): string | null => {
  const {options} = walk(mergeFragments(fragments));
  return readValues(options, []).imds;
};

/** How the tags are had once it is known where IMDS is. Not called when `imds = "off"`. */
export type AskTags = (imds: string, signal?: AbortSignal) => Promise<Tags>;

/**
 * Reads the files below `root` and the instance tags, and gives the settings. Throws `config.invalid` with every problem,
 * and whatever asking for the tags throws.
 */
export const loadSettings = async (
  {root = '/', tags = {}}: {readonly root?: string; readonly tags?: Tags | AskTags},
  signal?: AbortSignal,
): Promise<Settings> => {
  const fragments = await readFragments(root, signal);
  const imds = imdsAddress(fragments);
  const known = typeof tags !== 'function' ? tags : imds === null ? null : await tags(imds, signal);
  const reading = readSettings({fragments, tags: known});
  if (reading.ok) return reading.settings;
  throw new ReasonError(reason('config.invalid', {problems: problemsText(reading.problems)}));
};
