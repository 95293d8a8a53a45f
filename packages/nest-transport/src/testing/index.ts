export { createTestLog, type TestClock, type TestLog, type TestRecord } from './test-log.js';
