import { Module, type DynamicModule } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { PostlogModule } from '@postlog/nest-transport';
import type { DataSource } from 'typeorm';
import { CONFIG, type Config } from './config.js';
import { EmailsController } from './emails.controller.js';
import { SentMail } from './sent-mail.entity.js';

@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot({ type: 'postgres', url: config.databaseUrl, entities: [SentMail], poolSize: 5 }),
        PostlogModule.forRootAsync({
          inject: [getDataSourceToken()],
          useFactory: (dataSource: DataSource) => ({
            ...config.log,
            clientId: config.processId,
            sessionTimeout: config.sessionTimeoutMs,
            dataSource,
            // A cluster takes part in transactions of the database that it is told of.
            ...('brokers' in config.log ? { applications: [{ name: 'shop', url: config.databaseUrl }] } : {}),
          }),
        }),
      ],
      controllers: [EmailsController],
      providers: [{ provide: CONFIG, useValue: config }],
    };
  }
}
