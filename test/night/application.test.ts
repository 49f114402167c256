/**
 * Applications misbehave, under load: those that do not hold are taken back with a reason in the log, in STATUS=, in status and
 * in why, and lose at most requests that went to them; the odd ones are updated without a lost request. Nothing is left behind.
 */
import t from 'tap';
import type {InstanceFiles} from '../lab/instance/host.ts';
import {unmet} from '../support/needs.ts';
import {BAD_TRIALS} from './application/bad.ts';
import {CONNECTION_TRIALS} from './application/connections.ts';
import {LATER_TRIALS} from './application/later.ts';
import {ODD_TRIALS} from './application/odd.ts';
import {config} from './bad-input/lane.ts';
import {LANES_TIMEOUT_MS, tryUnderLoad} from './lanes-under-load.ts';

const trials = [...BAD_TRIALS, ...ODD_TRIALS, ...CONNECTION_TRIALS, ...LATER_TRIALS];

// A busy machine's load balancer may take a second to notice that a host left.
const patient = (files: InstanceFiles): string =>
  config(files)
    .replace(/bake = .*/, 'bake = "4s"')
    .replace('timeout = "5s"\n', 'timeout = "9s"\n')
    .replace(/drain = .*/, 'drain = {port = 8080, protocol = "http1", timeout = "8s", quiet = "1500ms"}');

t.test('the application misbehaves', {skip: unmet('root', 'debian', 'loop'), timeout: LANES_TIMEOUT_MS}, t =>
  tryUnderLoad(t, {name: 'app', trials, config: patient, loses: 'what bad releases took'}),
);
