import {
  deferParked,
  finishParked,
  listParked,
  parkRecord,
  readParked,
  releaseParked,
} from '../delivery/parked-record.store.js';
import type { Database } from '../postgres/database.js';

/** Each as in `parked-record.store.ts`, on the database that the groups' offsets are in. */
export function parkedRecords(database: Database) {
  return {
    park: (...given: WithoutDatabase<typeof parkRecord>) => parkRecord(database, ...given),
    finish: (...given: WithoutDatabase<typeof finishParked>) => finishParked(database, ...given),
    defer: (...given: WithoutDatabase<typeof deferParked>) => deferParked(database, ...given),
    list: (...given: WithoutDatabase<typeof listParked>) => listParked(database, ...given),
    read: (...given: WithoutDatabase<typeof readParked>) => readParked(database, ...given),
    release: (...given: WithoutDatabase<typeof releaseParked>) => releaseParked(database, ...given),
  };
}

/** The parking table of a broker that is alone. */
export type ParkedRecords = ReturnType<typeof parkedRecords>;

type WithoutDatabase<F> = F extends (database: Database, ...rest: infer Rest) => unknown ? Rest : never;
