/** Marks handlers of this transport. `Symbol.for`, so that two builds of the package mean the same. */
export const POSTLOG_TRANSPORT = Symbol.for('@postlog/nest-transport');

/** The attached broker (core's `Postlog`), for what the transport does not wrap: admin, consumers of your own. */
export const POSTLOG = Symbol.for('@postlog/nest-transport/connection');

/** The options given to `PostlogModule.forRoot`. */
export const POSTLOG_OPTIONS = Symbol.for('@postlog/nest-transport/options');
