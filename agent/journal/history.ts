import {appendFile, rename, stat} from 'node:fs/promises';
import {join} from 'node:path';
import * as v from 'valibot';
import {countSchema, momentSchema} from '../core/document.ts';
import {PHASES} from '../core/host/state.ts';
import {readIfThere} from '../host/files.ts';

const schema = v.object({
  at: momentSchema,
  text: v.string(),
  phase: v.picklist(PHASES),
  release: v.nullable(v.string()),
  generation: countSchema,
});

/** One line of this host's history: what it came to, when, and with which release. */
export type HistoryLine = v.InferOutput<typeof schema>;

export interface History {
  /** Adds a line. Failures are the caller's to log: history is told, never relied on. */
  add(line: HistoryLine): Promise<void>;
  /** The newest lines first, at most `limit`. Lines that cannot be read are passed over. */
  last(limit: number): Promise<readonly HistoryLine[]>;
}

const LIMIT_BYTES = 512 * 1024;

/** The history in `<stateDir>/history.jsonl`, with one older file beside it; together at most 1 MiB. */
export const openHistory = (stateDir: string): History => {
  const path = join(stateDir, 'history.jsonl');
  const older = join(stateDir, 'history.before.jsonl');
  let isHalf = true; // a crash may have cut the last line off
  return {
    add: async line => {
      // what a full disk or a crash cut off must not spoil the next line
      const begin = isHalf ? '\n' : '';
      isHalf = true;
      await appendFile(path, `${begin}${JSON.stringify(line)}\n`, {mode: 0o600});
      isHalf = false;
      if ((await stat(path)).size > LIMIT_BYTES) await rename(path, older);
    },
    last: async limit => {
      const texts = [await readIfThere(older), await readIfThere(path)];
      const lines = texts.flatMap(text => (text ?? '').split('\n')).filter(line => line !== '');
      return lines.slice(-limit).flatMap(parseLine).toReversed();
    },
  };
};

const parseLine = (line: string): readonly HistoryLine[] => {
  try {
    const result = v.safeParse(schema, JSON.parse(line));
    return result.success ? [result.output] : [];
  } catch {
    return [];
  }
};
