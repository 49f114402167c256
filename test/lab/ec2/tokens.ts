import {refusal} from './request.ts';

export type Tokens = ReturnType<typeof createTokens>;

/**
 * Client tokens as EC2 keeps them: the same token with the same parameters gives the first answer again, even when that volume
 * has failed or gone since (the token is burned); with other parameters IdempotentParameterMismatch.
 */
export const createTokens = () => {
  const seen = new Map<string, {parameters: string; answer: Promise<string>}>();
  return {
    /** Gives the id the token stands for, made by `make` the first time; a call that is refused leaves no token behind. */
    once: (
      token: string | undefined,
      fields: ReadonlyMap<string, string>,
      make: () => Promise<string>,
    ): Promise<string> => {
      if (token === undefined) return make();
      if (token.length > 64)
        throw refusal('InvalidParameterValue', 'ClientToken must be at most 64 ASCII characters');
      const parameters = JSON.stringify([...fields].filter(([key]) => key !== 'ClientToken').sort());
      const known = seen.get(token);
      if (known === undefined) {
        const answer = make();
        seen.set(token, {parameters, answer});
        answer.catch(() => seen.delete(token));
        return answer;
      }
      if (known.parameters === parameters) return known.answer;
      throw refusal(
        'IdempotentParameterMismatch',
        `Client token ${token} was used before with other parameters`,
      );
    },
  };
};
