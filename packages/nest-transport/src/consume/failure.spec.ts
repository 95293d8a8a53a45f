import { BadRequestException, ConflictException, HttpException, InternalServerErrorException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { PostlogError } from '@postlog/core';
import { failureOf, mayPass, refusingForGood } from './failure.js';

describe('a failure', () => {
  it.each([
    [new Error('the database is down'), true],
    [new BadRequestException('no order'), false],
    [new ConflictException(), false],
    [new InternalServerErrorException(), true],
    [new HttpException('slow down', 429), true],
    [new RpcException('busy'), true],
    [new RpcException('Forbidden resource'), false],
    [new RpcException(new BadRequestException('wrapped')), false],
    ['a text', true],
    [null, true],
  ])('%p may pass: %p', (error, expected) => {
    expect(mayPass(error)).toBe(expected);
  });

  it('of a record that does not fit never passes; that of the check itself may', async () => {
    const wrong = new PostlogError('INVALID_RECORD', 'no.');
    const broken = new TypeError('a bug');
    for (const error of [wrong, broken]) {
      await expect(refusingForGood(() => Promise.reject(error))).rejects.toBe(error);
      expect(() =>
        refusingForGood(() => {
          throw error;
        }),
      ).toThrow(error);
    }
    expect([mayPass(wrong), mayPass(broken), mayPass(new PostlogError('INVALID_RECORD', 'sent'))]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is what was thrown, else what Nest made of it', () => {
    const thrown = new RangeError('real');
    expect(failureOf({ thrown }, { status: 'error', message: 'Internal server error' })).toBe(thrown);
    const unknown = failureOf({ thrown: undefined }, { status: 'error', message: 'Internal server error' });
    expect(unknown).toMatchObject({ message: 'Internal server error' });
    expect(mayPass(unknown)).toBe(true);
  });
});
