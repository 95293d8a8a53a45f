export default async function tearDown() {
  await globalThis.postlogTestServer?.stop();
}
