import manifest from '../package.json' with {type: 'json'};

/** The agent's version, from package.json. */
export const VERSION: string = manifest.version;
