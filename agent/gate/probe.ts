/** What a probe found. `final` says whether asking again can help: what ended stays ended. */
export type Answer =
  | {readonly ok: true}
  | {
      readonly ok: false;
      /** a short text: `HTTP 500`, `connection refused` */
      readonly last: string;
      /** `always`: no later round can pass. `bake`: too late for a release that was healthy once. */
      readonly final?: 'always' | 'bake';
    };

/** One question about the application's health. A thrown error is a failed answer with the error's text. */
export interface Probe {
  readonly name: string;
  check(signal: AbortSignal): Promise<Answer>;
}

/** Why a round did not pass: the probe, its answer, and how final that is. */
export interface Failure {
  readonly probe: string;
  readonly last: string;
  readonly final: 'always' | 'bake' | 'no';
}

/**
 * Asks all probes at once, each for at most `timeoutMs`, and gives null when all passed, else the most final failure (the
 * first of them in the probes' order). Throws only the signal's own error.
 */
export const askAll = async (
  {probes, timeoutMs}: {readonly probes: readonly Probe[]; readonly timeoutMs: number},
  signal: AbortSignal,
): Promise<Failure | null> => {
  const answers = await Promise.all(probes.map(probe => ask(probe, timeoutMs, signal)));
  const failures = answers.filter(answer => answer !== null);
  const most = (final: Failure['final']) => failures.find(failure => failure.final === final);
  return most('always') ?? most('bake') ?? most('no') ?? null;
};

const ask = async (probe: Probe, timeoutMs: number, signal: AbortSignal): Promise<Failure | null> => {
  signal.throwIfAborted();
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await probe.check(AbortSignal.any([signal, limit]));
    if (answer.ok) return null;
    return {probe: probe.name, last: answer.last, final: answer.final ?? 'no'};
  } catch (error) {
    signal.throwIfAborted();
    const last = limit.aborted ? `no answer in ${timeoutMs / 1000} s` : (error as Error).message;
    return {probe: probe.name, last, final: 'no'};
  }
};
