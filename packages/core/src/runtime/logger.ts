/** Where log lines go. A line never holds a password or a record's content. */
export interface Logger {
  error(message: string, detail?: Readonly<Record<string, unknown>>): void;
  warn(message: string, detail?: Readonly<Record<string, unknown>>): void;
  info(message: string, detail?: Readonly<Record<string, unknown>>): void;
  debug(message: string, detail?: Readonly<Record<string, unknown>>): void;
}

const nothing = () => {};

export const silentLogger: Logger = { error: nothing, warn: nothing, info: nothing, debug: nothing };

/** Warnings and errors to standard error; the rest nowhere. */
export const consoleLogger: Logger = {
  ...silentLogger,
  error: (message, detail) => console.error(`postlog: ${message}`, detail ?? ''),
  warn: (message, detail) => console.warn(`postlog: ${message}`, detail ?? ''),
};
