const LINE = /^\S+Z (debug|info|warning|error) +(.*)$/;
const PHASE = / phase=(\S+) generation=\d+$/;
const COORDINATES = 'this host coordinates the rollout now';

export interface Said {
  readonly text: string;
  readonly tone: 'plain' | 'why';
}

/** What a line of an agent's log says to somebody who looks on, without the reason, which is told once of its own; null for what only an operator wants to read. */
export const readLogLine = (line: string): Said | null => {
  const [, level, entry] = LINE.exec(line) ?? [];
  if (entry === undefined) return line.trim() === '' ? null : {text: line, tone: 'plain'};
  if (PHASE.test(entry)) return {text: entry.replace(PHASE, '').split(': ', 1)[0] ?? '', tone: 'plain'};
  if (entry === COORDINATES) return {text: entry, tone: 'plain'};
  return level === 'warning' || level === 'error' ? {text: entry, tone: 'why'} : null;
};
