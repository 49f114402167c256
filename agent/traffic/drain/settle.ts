import {setTimeout as sleep} from 'node:timers/promises';
import type {TrafficSettings} from '../../config/settings.ts';
import {reason} from '../../core/reason.ts';
import type {Drain, ReportBlocker} from '../../ports.ts';
import type {Application} from './where-connections-are.ts';

interface SettleOptions {
  /** how long those who send requests may take to notice that the host left traffic */
  readonly settleMs: number;
  readonly application: Pick<Application, 'isRunning'>;
  readonly reportBlocker: ReportBlocker;
}

const USER = 'settle';

/**
 * A drain that begins once nobody sends anything new: until `settleMs` are over, a quiet moment means nothing. Its `timeoutMs` has both
 * in it. An application that does not run is not waited for: what is sent to it is lost whoever notices when.
 */
export const settleBefore = (drain: Drain, {settleMs, application, reportBlocker}: SettleOptions): Drain => ({
  wait: async ({timeoutMs}, signal) => {
    if (settleMs === 0) return drain.wait({timeoutMs}, signal);
    if (await application.isRunning(signal)) {
      reportBlocker(USER, reason('drain.settling', {seconds: settleMs / 1_000}));
      try {
        await sleep(Math.min(settleMs, timeoutMs), undefined, {signal});
      } finally {
        reportBlocker(USER, null);
      }
    }
    return drain.wait({timeoutMs: Math.max(0, timeoutMs - settleMs)}, signal);
  },
});

/** The longest that a host drains once it left traffic: settling, and the requests in flight; in ms. */
export const drainMsOf = ({settleMs, drain}: TrafficSettings): number => settleMs + drain.timeoutMs;
