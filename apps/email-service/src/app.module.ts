import { Module, type DynamicModule } from '@nestjs/common';
import { PostlogModule } from '@postlog/nest-transport';
import { CONFIG, type Config } from './config.js';
import { EmailsController } from './emails.controller.js';

@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PostlogModule.forRoot({
          ...config.log,
          clientId: config.processId,
          sessionTimeout: config.sessionTimeoutMs,
          // Mails that were sent and not committed are sent again after a crash: commit often.
          autoCommitIntervalMs: 200,
        }),
      ],
      controllers: [EmailsController],
      providers: [{ provide: CONFIG, useValue: config }],
    };
  }
}
