import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { connectPostlog } from '@postlog/nest-transport';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';
import { prepare } from './prepare.js';

try {
  const config = readConfig(process.env);
  await prepare(config);
  const app = await NestFactory.create(AppModule.with(config), { logger: ['error', 'warn'], abortOnError: false });
  connectPostlog(app);
  app.enableShutdownHooks();
  await app.startAllMicroservices();
  await app.listen(config.PORT, '127.0.0.1');
  console.log(`order-service is ready at ${await app.getUrl()}`);
} catch (error) {
  console.error(`order-service could not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
