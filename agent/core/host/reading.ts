import type {DesiredReading} from '../desired.ts';
import type {Common} from './state.ts';

/** Takes over what the desired key says. A refused value changes nothing but the refusal. */
export const withReading = <S extends Common>(state: S, reading: DesiredReading): S =>
  reading.ok ? {...state, desired: reading.desired, refusal: null} : {...state, refusal: reading.refusal};
