import { Module, type DynamicModule } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { PostlogModule } from '@postlog/nest-transport';
import type { DataSource } from 'typeorm';
import { Analytics } from './analytics.js';
import type { Config } from './config.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { Order } from './order.entity.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';
import { SubscriptionsController } from './subscriptions.controller.js';

@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          url: config.DATABASE_URL,
          entities: [Order],
          synchronize: false,
          poolSize: 10,
        }),
        TypeOrmModule.forFeature([Order]),
        PostlogModule.forRootAsync({
          inject: [getDataSourceToken()],
          useFactory: (dataSource: DataSource) => ({
            ...config.log,
            clientId: 'order-service',
            sessionTimeout: config.SESSION_TIMEOUT_MS,
            dataSource,
            // A cluster takes part in transactions of the database that it is told of.
            ...('brokers' in config.log ? { applications: [{ name: 'shop', url: config.DATABASE_URL }] } : {}),
          }),
        }),
      ],
      controllers: [OrdersController, DeadLettersController, SubscriptionsController],
      providers: [OrdersService, Analytics],
    };
  }
}
