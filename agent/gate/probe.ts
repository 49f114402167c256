import {withTimeLimit} from '../host/time-limit.ts';

/** What a probe found. `final` says whether asking again can help: what ended stays ended. */
export type Answer =
  | {readonly ok: true}
  | {
      readonly ok: false;
      /** a short text: `HTTP 500`, `connection refused` */
      readonly last: string;
      /** `always`: no later round can pass. `bake`: too late for a release that was healthy once. */
      readonly final?: 'always' | 'bake';
      /** it answered, and the answer is no; an application that is not up yet gives none */
      readonly refused?: true;
    };

/** One question about the application's health. A thrown error is a failed answer with the error's text. */
export interface Probe {
  readonly name: string;
  /** it starts a program to find out */
  readonly program?: true;
  check(signal: AbortSignal): Promise<Answer>;
  /** What the application itself said last, for the text of a failure; empty when it said nothing. */
  words?(signal: AbortSignal): Promise<string>;
}

/** Why a round did not pass: the probe, its answer, and how final that is. */
export interface Failure {
  readonly probe: string;
  readonly last: string;
  readonly final: 'always' | 'bake' | 'no';
  readonly refused: boolean;
}

/**
 * Asks all probes at once, each for at most `timeoutMs`, and gives null when all passed, else the most final failure (the
 * first of them in the probes' order), refused when every probe that did not pass was. Throws only the signal's own error.
 */
export const askAll = async (
  {probes, timeoutMs}: {readonly probes: readonly Probe[]; readonly timeoutMs: number},
  signal: AbortSignal,
): Promise<Failure | null> => {
  const answers = await Promise.all(probes.map(probe => ask(probe, timeoutMs, signal)));
  const failures = answers.filter(answer => answer !== null);
  const most = (final: Failure['final']) => failures.find(failure => failure.final === final);
  const told = most('always') ?? most('bake') ?? most('no');
  return told ? {...told, refused: failures.every(({refused}) => refused)} : null;
};

const WORDS_MS = 3_000;

/** The text of a failure that ends a gate or a bake: the probe's answer and the application's own last words. */
export const explain = async (
  {probe, last}: Failure,
  probes: readonly Probe[],
  signal: AbortSignal,
): Promise<string> => {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(WORDS_MS)]);
  const asked = probes.find(({name}) => name === probe)?.words?.(bounded);
  const words = await asked?.catch(() => '');
  signal.throwIfAborted();
  return words ? `${last}: ${words}` : last;
};

const ask = async (probe: Probe, timeoutMs: number, signal: AbortSignal): Promise<Failure | null> => {
  const late = () => new Error(`no answer in ${timeoutMs / 1000} s`);
  try {
    const answer = await withTimeLimit({timeoutMs, late}, each => probe.check(each), signal);
    if (answer.ok) return null;
    const {last, final = 'no', refused = false} = answer;
    return {probe: probe.name, last, final, refused};
  } catch (error) {
    signal.throwIfAborted();
    return {probe: probe.name, last: (error as Error).message, final: 'no', refused: false};
  }
};
