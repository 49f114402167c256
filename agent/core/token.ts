/** True for what can be a token of Consul: one line of printable ASCII. */
export const isConsulToken = (text: string): boolean => /^[\x21-\x7e]{1,1024}$/.test(text);
