import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PostlogModule } from '@postlog/nest-transport';
import { Analytics } from './analytics.js';
import type { Config } from './config.js';
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
          poolSize: 5,
        }),
        TypeOrmModule.forFeature([Order]),
        PostlogModule.forRoot({
          ...config.log,
          clientId: 'order-service',
          sessionTimeout: config.SESSION_TIMEOUT_MS,
        }),
      ],
      controllers: [OrdersController, SubscriptionsController],
      providers: [OrdersService, Analytics],
    };
  }
}
