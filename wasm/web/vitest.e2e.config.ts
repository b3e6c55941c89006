import { defineConfig } from 'vitest/config'

// Browser tests: a real Chromium against the built page (run `npm run build` first).
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
})
