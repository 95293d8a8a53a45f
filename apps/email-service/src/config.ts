import { connectionFromEnvironment, type ConnectionSettings } from '@postlog/core';

export interface Config {
  /** The broker of DATABASE_URL, or the cluster of POSTLOG_BROKERS and POSTLOG_METADATA. */
  readonly log: ConnectionSettings;
  /** Where the service's own table is. */
  readonly databaseUrl: string;
  readonly smtpUrl: string;
  /** Whether this version knows what to write of a gift card. */
  readonly giftCards: boolean;
  /** Tells this process from others in reports. */
  readonly processId: string;
  readonly sessionTimeoutMs: number;
}

/** Settings from the environment. @throws Error that names what is missing */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const required = (name: string, example: string): string => {
    const value = env[name];
    if (value === undefined || value === '') throw new Error(`${name} is missing; give for example ${example}`);
    return value;
  };
  const sessionTimeoutMs = Number(env['SESSION_TIMEOUT_MS'] ?? 10_000);
  if (!Number.isInteger(sessionTimeoutMs) || sessionTimeoutMs < 1_000)
    throw new Error('SESSION_TIMEOUT_MS takes whole milliseconds from 1000 on');
  return {
    log: connectionFromEnvironment(env),
    databaseUrl: required('DATABASE_URL', 'postgres://user:password@host:port/database'),
    giftCards: env['GIFT_CARDS'] === '1',
    smtpUrl: required('SMTP_URL', 'smtp://127.0.0.1:2525'),
    processId: env['PROCESS_ID'] ?? `email-${process.pid}`,
    sessionTimeoutMs,
  };
}

export const CONFIG = Symbol('config');
