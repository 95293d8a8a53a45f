import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { NestFactory } from '@nestjs/core';
import { Controller, UseInterceptors, Catch, UseFilters } from '@nestjs/common';
import { EventPattern, Payload, Ctx, Server, BaseRpcContext } from '@nestjs/microservices';
import { tap, isObservable, lastValueFrom } from 'rxjs';
class S extends Server {
  transportId = Symbol('x');
  propagatesEventHandlerErrors = true;
  hs = [];
  addHandler(p, cb) {
    this.hs.push(cb);
  }
  listen(cb) {
    cb();
  }
  close() {}
  on() {}
  unwrap() {}
}
class Keep {
  intercept(ex, next) {
    const c = ex.switchToRpc().getContext();
    return next.handle().pipe(
      tap({
        error: (e) => {
          c.thrown = e;
        },
      }),
    );
  }
}
class C {
  handle(v, c) {}
}
const d = Object.getOwnPropertyDescriptor(C.prototype, 'handle');
Payload()(C.prototype, 'handle', 0);
Ctx()(C.prototype, 'handle', 1);
Reflect.defineMetadata('design:paramtypes', [Object, Object], C.prototype, 'handle');
if (process.argv[2] === 'interceptor') UseInterceptors(Keep)(C.prototype, 'handle', d);
EventPattern('x')(C.prototype, 'handle', d);
Controller()(C);
class M {}
const app = await NestFactory.createMicroservice({ module: M, controllers: [C] }, { strategy: new S(), logger: false });
const strat = app.serverInstance ?? app.server;
await app.listen();
const h = strat.hs[0];
const als = process.argv[2] === 'als' ? new AsyncLocalStorage() : undefined;
async function call(ctx) {
  const r = await (als ? als.run(ctx, () => h(1, ctx)) : h(1, ctx));
  if (isObservable(r)) await lastValueFrom(r, { defaultValue: undefined });
}
for (let round = 0; round < 4; round++) {
  const t = performance.now();
  const N = 100000;
  for (let i = 0; i < N; i++) await call(new BaseRpcContext([1]));
  const ms = performance.now() - t;
  console.log(process.argv[2], ((ms * 1000) / N).toFixed(2), 'us/call');
}
await app.close();
