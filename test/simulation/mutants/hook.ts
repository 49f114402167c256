/** Loaded before a run: the module of the mutant that `SIMULATE_MUTANT` names is another then. */
import {readFileSync} from 'node:fs';
import {registerHooks, stripTypeScriptTypes} from 'node:module';
import {join} from 'node:path';
import process from 'node:process';
import {pathToFileURL} from 'node:url';
import {MUTANTS} from './mutants.ts';

const ROOT = join(import.meta.dirname, '../../..');
const name = process.env.SIMULATE_MUTANT ?? '';
const mutant = MUTANTS[name];
if (!mutant) throw new Error(`SIMULATE_MUTANT: expected a mutant's name, got "${name}"`);
const {file, from, to} = mutant;
const path = join(ROOT, file);
const parts = readFileSync(path, 'utf8').split(from);
if (parts.length !== 2) throw new Error(`${file}: expected once, found ${parts.length - 1} times: ${from}`);
const source = stripTypeScriptTypes(parts.join(to));
const mutated = pathToFileURL(path).href;

registerHooks({
  load: (url, context, next) =>
    url === mutated ? {format: 'module', source, shortCircuit: true} : next(url, context),
});
