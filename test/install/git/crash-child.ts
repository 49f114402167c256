/** Stages and prunes as the agent does, until it is killed: state folder, URL, then pairs of slot and revision. */
import {join} from 'node:path';
import process from 'node:process';
import {gitInstaller} from '../../../agent/install/git/installer.ts';
import type {Slot} from '../../../agent/ports.ts';

const [stateDir = '', url = '', ...pairs] = process.argv.slice(2);
const quiet = () => {};
const log = {debug: quiet, info: quiet, warning: quiet, error: quiet};
const installer = gitInstaller({settings: {url, refs: ['refs/heads/*'], timeoutMs: 30_000}, stateDir, log});
const signal = new AbortController().signal;
const kept: Slot[] = [];
for (const pair of pairs) {
  const [slot = '', revision = ''] = pair.split('=');
  const next: Slot = {release: {kind: 'git', revision}, slot, directory: join(stateDir, 'slots', slot)};
  await installer.stage(next, signal);
  process.stdout.write(`${slot}\n`);
  kept.push(next);
  await installer.prune(kept.slice(-2), signal);
}
