/** The code of docs/guide/getting-started.md: each of its blocks stands in here, line by line. */
import 'reflect-metadata';
import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import {
  connectPostlog,
  Consumer,
  defineTopic,
  PostlogModule,
  PostlogProducer,
  Subscribe,
} from '@postlog/nest-transport';

export const Greetings = defineTopic<{ name: string }>('greetings');

@Consumer({ group: 'greeter' })
export class Greeter {
  @Subscribe(Greetings)
  greet(@Payload() { name }: { name: string }) {
    console.log(`hello, ${name}`);
  }
}

@Module({
  imports: [PostlogModule.forRoot({ url: process.env['DATABASE_URL']! }), PostlogModule.forFeature([Greetings])],
  controllers: [Greeter],
})
export class GreetingModule {}

export async function hello(port: number): Promise<INestApplication> {
  const app = await NestFactory.create(GreetingModule);
  connectPostlog(app); // pipes, guards, interceptors and filters of the application apply to handlers too
  app.enableShutdownHooks();
  await app.startAllMicroservices();
  await app.listen(port);

  await app.get(PostlogProducer).send(Greetings, { name: 'Ada' });
  return app;
}
