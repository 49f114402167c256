import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {State} from '../../../agent/core/host/state.ts';

/** The journalled state under a machine's root now, null without one. */
export const stateIn = (root: string): State | null => {
  // For a moment of each write there is only the one before.
  for (const name of ['journal.json', 'journal.before.json']) {
    try {
      const text = readFileSync(join(root, 'var/lib/release-agent', name), 'utf8');
      return (JSON.parse(text) as {state: State}).state;
    } catch {}
  }
  return null;
};
