import type {Fields, Log} from '../../agent/ports.ts';

export interface Logged {
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: Fields;
}

/** A log that keeps what is written to it. */
export const keptLog = (): {readonly log: Log; readonly lines: readonly Logged[]} => {
  const lines: Logged[] = [];
  const keep =
    (level: keyof Log) =>
    (message: string, fields: Fields = {}): void => {
      lines.push({level, message, fields});
    };
  return {
    log: {debug: keep('debug'), info: keep('info'), warning: keep('warning'), error: keep('error')},
    lines,
  };
};
