/**
 * Parts of Node that are loaded where they are first used: TLS costs the agent 6 MB of memory and each start 5 ms, cryptography half
 * of that again. A bundle would load at once what is imported.
 */
import process from 'node:process';

/** `node:crypto` */
export const crypto = () => process.getBuiltinModule('node:crypto');

/** `node:https` */
export const https = () => process.getBuiltinModule('node:https');
