import {durationMs} from '../../core/duration.ts';
import {bad, good, type Kind, type Reading} from './kind.ts';

/** A duration between two others, read as milliseconds. A number without a unit is refused with what to write. */
export const duration = ({min, max}: {readonly min: string; readonly max: string}): Kind<number> => ({
  expected: `a duration with its unit, from ${min} to ${max}, such as "30s"`,
  read: value => {
    const ms = typeof value === 'string' ? durationMs(value) : undefined;
    if (ms === undefined) return withoutUnit(value);
    return ms >= (durationMs(min) ?? 0) && ms <= (durationMs(max) ?? Infinity) ? good(ms) : bad;
  },
});

const SPELLED =
  /^\s*(\d+)\s*(milliseconds?|millis|msecs?|seconds?|secs?|minutes?|mins?|hours?|hrs?|ms|s|m|h)\s*$/i;

const withoutUnit = (value: unknown): Reading<number> => {
  if (typeof value !== 'string' && typeof value !== 'number') return bad;
  const text = String(value).trim();
  if (/^\d+$/.test(text)) return {ok: false, hint: `write "${text}s" for seconds or "${text}m" for minutes`};
  const spelled = SPELLED.exec(text);
  if (!spelled?.[1] || !spelled[2]) return bad;
  const word = spelled[2].toLowerCase();
  return {
    ok: false,
    hint: `write "${spelled[1]}${word.startsWith('mil') || word.startsWith('ms') ? 'ms' : word.charAt(0)}"`,
  };
};
