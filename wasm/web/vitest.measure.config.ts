import { defineConfig } from 'vitest/config'

// Measurements in a real Chromium; they print JSON and assert no figure.
export default defineConfig({
  test: {
    include: ['e2e/**/*.measure.ts'],
    environment: 'node',
    testTimeout: 300_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
})
