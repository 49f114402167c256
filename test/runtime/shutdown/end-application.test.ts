import t from 'tap';
import {reason} from '../../../agent/core/reason.ts';
import {ReasonError} from '../../../agent/core/reason-error.ts';
import {afterApplication, endsApplication} from '../../../agent/runtime/shutdown/end-application.ts';
import {eventually} from '../../support/eventually.ts';
import {keptLog} from '../../support/log.ts';

const make = (parts: Partial<Parameters<typeof afterApplication>[0]> = {}) => {
  const [asked, again] = [new AbortController(), new AbortController()];
  const {log, lines} = keptLog();
  const did: string[] = [];
  const depart = async () => void did.push('depart');
  const end = async () => void did.push('end');
  const stopped = afterApplication({depart, end, log, ...parts}, {asked: asked.signal, again: again.signal});
  const isOver = () => eventually('the agent to be free to end', async () => stopped.aborted);
  return {asked, again, stopped, did, lines, isOver};
};

t.test('a process ends with the agent as it is told, else only where nothing outlives the agent', async t => {
  const ends = (kind: 'process' | 'systemd', onStop: 'keep' | 'leave' | undefined, pid: number) =>
    endsApplication({kind, ...(onStop && {onStop})}, pid);
  t.equal(ends('process', undefined, 1), true);
  t.equal(ends('process', undefined, 7), false);
  t.equal(ends('process', 'keep', 1), false);
  t.equal(ends('process', 'leave', 7), true);
  t.equal(ends('systemd', undefined, 1), false);
});

t.test('nothing happens until it is asked, then everything in order', async t => {
  const {asked, stopped, did, isOver} = make();
  await new Promise(setImmediate);
  t.same([stopped.aborted, did], [false, []]);
  asked.abort();
  await isOver();
  t.same(did, ['depart', 'end']);
});

t.test('asked again it waits for nothing', async t => {
  const {asked, again, stopped, did, lines, isOver} = make({depart: () => new Promise(() => undefined)});
  asked.abort();
  await new Promise(setImmediate);
  t.equal(stopped.aborted, false);
  again.abort();
  await isOver();
  t.same(did, []);
  t.match(lines, [{message: /asked to stop again/}]);
});

t.test('an application that does not end keeps no agent', async t => {
  const end = async () => {
    throw new ReasonError(reason('activate.failed', {cause: 'it hangs'}));
  };
  const {asked, lines, isOver} = make({end});
  asked.abort();
  await isOver();
  t.match(lines, [{level: 'error', message: /the application was not ended: .*it hangs/}]);
});
