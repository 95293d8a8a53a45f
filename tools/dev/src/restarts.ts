import type { EmailService } from './email-service.js';

/** Replaces the email processes in turn, as a deployment does: SIGTERM, wait until it has ended, start the next version, wait until it is ready. */
export async function rollingRestart(
  services: readonly EmailService[],
  say: (line: string) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const service of services) {
    say(`SIGTERM to ${service.name}, and another in its place`);
    await service.replace(env);
  }
}
