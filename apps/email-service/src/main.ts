import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { postlogMicroservice } from '@postlog/nest-transport';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';
import { prepare } from './prepare.js';

try {
  const config = readConfig(process.env);
  await prepare(config);
  const app = await NestFactory.createMicroservice(AppModule.with(config), {
    ...postlogMicroservice(),
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  app.enableShutdownHooks();
  await app.listen();
  console.log(`email-service ${config.processId} is ready`);
} catch (error) {
  console.error(`email-service could not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
