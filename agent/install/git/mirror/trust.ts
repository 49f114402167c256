import type {GitSettings} from '../../../config/settings.ts';
import {readIfThere, writeOver} from '../../../host/files.ts';
import type {Layout} from './layout.ts';

/**
 * Names the repository of a `file://` remote as safe, and no other: git reads one of another owner only when it is named in a
 * configuration file, whatever its arguments and environment say (safe.directory in git-config(1)). The operator chose it.
 */
export const prepareTrust = async ({url}: GitSettings, {gitconfig}: Layout): Promise<void> => {
  const places = trustedPlaces(url);
  if (places.length === 0) return;
  const lines = places.map(place => `\tdirectory = "${place.replaceAll(/["\\]/g, '\\$&')}"\n`);
  const text = `[safe]\n${lines.join('')}`;
  if ((await readIfThere(gitconfig)) !== text) await writeOver(gitconfig, text);
};

/** The file that git reads as a user's configuration: with the trusted places, or nothing. */
export const globalConfig = ({url}: GitSettings, {gitconfig}: Layout): string =>
  trustedPlaces(url).length === 0 ? '/dev/null' : gitconfig;

/** Where git looks for a repository, in its order (`enter_repo` in its path.c). */
const SUFFIXES = ['/.git', '', '.git/.git', '.git'] as const;

// Compared with what git opens byte for byte, so that the path is taken as git takes it: not normalized, percent signs decoded.
const trustedPlaces = (url: string): readonly string[] => {
  const encoded = /^file:\/\/[^/]*(\/.*?)\/*$/.exec(url)?.[1];
  const path = encoded === undefined ? '' : decode(encoded);
  return path === '' || CONTROL.test(path) ? [] : SUFFIXES.map(suffix => `${path}${suffix}`);
};

const CONTROL = /\p{Cc}/u;

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
};
